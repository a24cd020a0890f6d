"""Rows of data files: cells, lines, and which column gives which field."""

import pytest

from tests.spec.conftest import HEAD, Project


def read(project: Project, name: str, data: str | bytes, entry: str = "") -> list[tuple[object, ...]]:
    project.write(f"data/{name}", data)
    project.write("w.yaml", f"{HEAD}bonuses:\n  - from: data/{name}\n{entry}")
    return [
        (desired.line, desired.recipient, desired.assignment_id, desired.key, str(desired.amount), *desired.texts())
        for desired in project.read()
    ]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", "user_id,amount,private_comment\nw1,1.00,\nw2,2.5,hello there\n"),
        ("a.CSV", "user_id,amount,private_comment\nw1,1.00,\nw2,2.5,hello there\n"),
        ("a.csv", "\ufeffuser_id,amount,private_comment\r\nw1,1.00,~\r\nw2,2.5,hello there"),
        ("a.csv", 'amount,"private_comment","user_id",other\n1.00,  ,w1,x\n2.5,hello there,w2,\n'),
        ("a.tsv", "user_id\tamount\tprivate_comment\nw1\t1.00\t\nw2\t2.5\thello there\n"),
        ("a.jsonl", '{"user_id": "w1", "amount": 1.00}\n{"amount": "2.5", "user_id": "w2", "private_comment": "hello there"}\n'),
        ("a.ndjson", '\ufeff{"user_id": "w1", "amount": 1.00, "private_comment": null}\n'
         '{"amount": 2.5, "user_id": "w2", "private_comment": "hello there", "other": {"a": [1]}}'),
    ],
)  # fmt: skip
def test_formats_read_alike(project: Project, name: str, data: str) -> None:
    """CSV, TSV and JSONL, with a byte order mark or CRLF, in any order of columns."""
    assert read(project, name, data) == [
        (2 if "sv" in name.lower() else 1, "w1", "", "", "1.00"),
        (3 if "sv" in name.lower() else 2, "w2", "", "", "2.50", ("private_comment", "hello there")),
    ]
    assert project.summaries() == []


def test_columns_by_fields(project: Project) -> None:
    """`fields` names columns, also by language; key and assignment come from nowhere else."""
    assert read(
        project,
        "a.csv",
        "worker,usd,task,answer,en,ru\nw1,1.00,t1,a1,Thank you,Спасибо\n",
        "    fields: {user_id: worker, amount: usd, key: task, assignment_id: answer, public_title: {EN: en, RU: ru}}\n",
    ) == [(2, "w1", "a1", "t1", "1.00", ("public_title", (("EN", "Thank you"), ("RU", "Спасибо"))))]


def test_identity_columns_are_not_taken_by_name(project: Project) -> None:
    """Columns called key and assignment_id are left alone, with a warning, unless `fields` speaks of them."""
    data = "user_id,amount,key,assignment_id\nw1,1.00,k,a\n"
    assert read(project, "a.csv", data) == [(2, "w1", "", "", "1.00")]
    assert project.summaries() == ["The column `assignment_id` is not used", "The column `key` is not used"]
    entry = "    fields: {key: ~, assignment_id: assignment_id}\n"
    assert read(project, "a.csv", data, entry) == [(2, "w1", "a", "", "1.00")]
    assert project.summaries() == []


def test_what_the_entry_says_holds_for_all_rows(project: Project) -> None:
    """Fields beside `from` are each row's, where the row says nothing else."""
    entry = "    amount: 2.00\n    key: award\n    private_comment: for week 47\n    vars: {x: y}\n"
    data = "user_id,amount\nw1,\nw2,3.00\n"
    assert read(project, "a.csv", data, entry) == [
        (2, "w1", "", "award", "2.00", ("private_comment", "for week 47")),
        (3, "w2", "", "award", "3.00", ("private_comment", "for week 47")),
    ]


def test_names_are_filled_from_the_row(project: Project) -> None:
    """A column, then vars; a blank cell takes the value of vars."""
    entry = '    private_comment: "{tasks} of {kind}"\n    vars: {kind: images, tasks: some}\n'
    data = "user_id,amount,tasks,more\nw1,1.00,12,x\nw2,1.00,,x\n"
    assert [row[5] for row in read(project, "a.csv", data, entry)] == [
        ("private_comment", "12 of images"),
        ("private_comment", "some of images"),
    ]
    data = '{"user_id": "w1", "amount": 1, "tasks": 12}\n{"user_id": "w2", "amount": 1}\n'
    assert [row[5] for row in read(project, "a.jsonl", data, entry)] == [
        ("private_comment", "12 of images"),
        ("private_comment", "some of images"),
    ]


def test_cells_are_no_templates(project: Project) -> None:
    """Braces in a cell are braces."""
    data = "user_id,amount,private_comment\nw1,1.00,{tasks} {{x}} {\n"
    assert read(project, "a.csv", data) == [(2, "w1", "", "", "1.00", ("private_comment", "{tasks} {{x}} {"))]


def test_cells_over_several_lines(project: Project) -> None:
    """A quoted cell holds separators, quotes and line breaks; a row's line is its first."""
    data = 'user_id,amount,private_comment\nw1,1.00,"one, ""two""\nthree"\nw2,1.00,x\n'
    assert read(project, "a.csv", data) == [
        (2, "w1", "", "", "1.00", ("private_comment", 'one, "two"\nthree')),
        (4, "w2", "", "", "1.00", ("private_comment", "x")),
    ]


def test_blank_rows_say_nothing(project: Project) -> None:
    """Empty lines and rows of blank cells, as spreadsheets leave them, are no bonuses."""
    assert read(project, "a.csv", "user_id,amount\n\nw1,1.00\n,\n  , \n\n") == [(3, "w1", "", "", "1.00")]


def test_flags_of_rows(project: Project) -> None:
    """Flags are `true` and `false`, in JSON also without quotes."""
    data = '{"user_id": "w1", "amount": 1, "without_message": true}\n{"user_id": "w2", "amount": 1, "without_message": "false"}\n'
    assert [row[5:] for row in read(project, "a.jsonl", data)] == [(("without_message", True),), ()]


@pytest.mark.parametrize(
    ("number", "amount"), [("1", "1.00"), ("1.10", "1.10"), ("0.005", "0.005"), ("99.999", "99.999")]
)
def test_numbers_of_json_keep_their_digits(project: Project, number: str, amount: str) -> None:
    """A JSON number is its text; no float is made of it."""
    assert read(project, "a.jsonl", f'{{"user_id": 17, "amount": {number}}}\n') == [(1, "17", "", "", amount)]


def test_rows_agree_with_yaml(project: Project) -> None:
    """The same bonus has the same id in a row as in YAML, on the short way and on the careful one."""
    project.write("data/a.csv", "user_id,amount\nw1,1.00\nw2,1.00\nw.3,1.00\n")
    found = project.bonuses("  - from: data/a.csv\n")
    assert [desired.bonus_id for desired in found] == [desired.identity("").bonus_id for desired in found]


def test_a_large_file_streams(project: Project) -> None:
    """Rows past the buffers of the reader keep their lines."""
    rows = "".join(f'worker-{number},1.00,"line\nbreak"\n' for number in range(5_000))
    found = read(project, "a.csv", f"user_id,amount,private_comment\n{rows}")
    assert (len(found), found[-1][:2]) == (5_000, (10_000, "worker-4999"))
