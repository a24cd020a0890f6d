"""A provider's words, made fit to be kept and shown."""

import pytest

from reconcile.providers.reply_words import clip, request_id_of
from reconcile.providers.toloka.outcomes import explain


def test_a_text_of_three_hundred_characters_is_kept_whole_and_a_longer_one_is_cut_there() -> None:
    assert clip("x" * 300) == "x" * 300
    assert clip("x" * 301) == "x" * 299 + "…"


@pytest.mark.parametrize("name", ["r", "5b9e-1/2:3~!", "x" * 100])
def test_a_name_of_a_request_is_kept(name: str) -> None:
    assert request_id_of(name) == name


@pytest.mark.parametrize("text", [None, "", "x" * 101, "a b", "a\n", "\x1b[31m", "é", "a\u202eb"])
def test_what_is_no_name_of_a_request_is_not_shown_as_one(text: str | None) -> None:
    """A line's end, a terminal's orders, a turned direction of writing: a hostile answer may hold anything."""
    assert request_id_of(text) == ""


def test_a_known_code_is_explained_by_its_own_sentence() -> None:
    unknown = explain("SOMETHING_NEW")
    assert "balance" in explain("NOT_ENOUGH_BALANCE")
    assert unknown not in ("", explain("NOT_ENOUGH_BALANCE"))
    assert explain("") == ""
