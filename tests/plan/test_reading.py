"""A saved plan's JSON read from a stream: the same values as from the whole text, whatever pieces it comes in."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.plan import reading
from reconcile.plan.fields import Damaged
from reconcile.plan.reading import read_object
from reconcile.rows import IN_MEMORY, Rows, Spooling
from reconcile.spool import TemporaryStore

SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=6)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


def cut(text: str, sizes: list[int]) -> Iterator[str]:
    """The text in pieces of these sizes, the rest at last."""
    at = 0
    for size in sizes:
        yield from (text[at : at + size],) if text[at : at + size] else ()
        at += size
    yield text[at:]


def plain(found: dict[str, object]) -> dict[str, object]:
    return {key: list(value) if isinstance(value, Rows) else value for key, value in found.items()}


@given(
    st.dictionaries(st.text(max_size=4), VALUES, max_size=4),
    st.lists(st.integers(1, 9), max_size=40),
    st.sampled_from([None, 0, 1]),
)
def test_pieces_of_any_size_give_what_the_whole_text_says(
    value: dict[str, object], sizes: list[int], indent: int | None
) -> None:
    text = json.dumps(value, indent=indent)
    assert plain(read_object(cut(text, sizes), IN_MEMORY)) == value


def test_a_long_list_leaves_the_memory_and_reads_the_same() -> None:
    rows = [{"amount": "1.50", "texts": {"EN": "ä"}, "line": number, "key": None} for number in range(9)]
    pieces = cut(json.dumps({"changes": rows, "digest": "d"}), [30] * 20)
    found = read_object(pieces, Spooling(0, 2, TemporaryStore))
    assert plain(found) == {"changes": rows, "digest": "d"}
    assert isinstance(found["changes"], Rows)
    assert found["changes"].finished() is found["changes"]


@given(st.text(alphabet='{}[]:,"\\u0a1 -.eEtrufalsn\n', max_size=30), st.lists(st.integers(1, 5), max_size=9))
def test_what_is_no_object_of_whole_numbers_is_refused_as_the_usual_reader_does(text: str, sizes: list[int]) -> None:
    """Any text: refused, or read as the usual reader reads it. Stricter only where a key stands twice."""
    try:
        found = plain(read_object(cut(text, sizes), IN_MEMORY))
    except ValueError:
        return
    assert found == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"a"',
        '{"a": ',
        '{"a": 1',
        '{"a": 1,}',
        '{"a": [1,]}',
        '{"a": [1',
        '{"a": 1} x',
        '{"a": 1.5}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1, "a": 2}',
        "{1: 2}",
        '{"a": "\n"}',
    ],
)
def test_a_text_that_is_cut_or_wrong_is_refused(text: str) -> None:
    for size in range(1, len(text) + 2):
        with pytest.raises(ValueError):
            read_object(cut(text, [size] * len(text)), IN_MEMORY)


def test_a_value_without_an_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a text that never ends no more is held than a value may be long."""
    monkeypatch.setattr(reading, "VALUE_MAX", 1_000)
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        yield '{"a": "'
        while True:
            read += 100
            yield "x" * 100

    with pytest.raises(Damaged, match="too long"):
        read_object(endless(), IN_MEMORY)
    assert read <= 4_000
