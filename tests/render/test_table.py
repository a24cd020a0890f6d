"""Aligned columns."""

from reconcile.render.table import display_width, table


def test_texts_stand_to_the_left_and_numbers_to_the_right() -> None:
    assert table(("NAME", "PAID", ""), [("a", "1.00", "USD"), ("longer", "1,000.00", "USD")], right=(1,)) == [
        "NAME        PAID",
        "a           1.00  USD",
        "longer  1,000.00  USD",
    ]


def test_wide_and_combining_characters_keep_the_columns_straight() -> None:
    assert display_width("工人") == 4
    assert display_width("e\u0301") == 1
    assert table(("NAME", "N"), [("工人", "1"), ("abc", "2")], right=(1,)) == ["NAME  N", "工人  1", "abc   2"]


def test_a_table_without_rows_is_its_heads() -> None:
    assert table(("A", "B"), []) == ["A  B"]
