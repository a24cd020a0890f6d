"""The fast way of reading JSON and the strict one say the same of any bytes."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconcile.providers.strict_json import (
    _NOT_PLAIN,
    DEPTH_MAX,
    JsonError,
    _parse_plainly,
    _parse_strictly,
    parse_json,
)

TEXTS = st.text(alphabet=':" ab{}[]\\,\u00fc', max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : "), (",\n", "\n:")])


def strictly(body: bytes) -> object:
    """The strict way's value, or the reason of its refusal."""
    try:
        return _parse_strictly(body, DEPTH_MAX)
    except JsonError as error:
        return str(error)


@given(VALUES, SEPARATORS, st.booleans())
def test_what_the_fast_way_reads_is_what_the_strict_way_reads(
    value: object, separators: tuple[str, str], escaped: bool
) -> None:
    body = json.dumps(value, separators=separators, ensure_ascii=escaped).encode()
    found = _parse_plainly(body, DEPTH_MAX)
    assert found is _NOT_PLAIN or repr(found) == repr(strictly(body))


@given(st.lists(st.sampled_from([*'{}[]":, 1aA\\.e-', '"a":', '"a"', '":', '"a" :', "NaN", "\x00"]), max_size=14))
@example(['{"a":', "1", ",", '"a":', "2", "}"])
@example(['{"a":', "1", ",", '"a"', "\t:", "2", "}"])
def test_no_bytes_are_read_by_the_fast_way_that_the_strict_way_refuses(parts: list[str]) -> None:
    body = "".join(parts).encode()
    found = _parse_plainly(body, DEPTH_MAX)
    assert found is _NOT_PLAIN or repr(found) == repr(strictly(body))


@pytest.mark.parametrize("blank", ["", " ", "\t", "\n", "\r", "  "])
def test_a_name_that_stands_twice_is_refused_however_its_colon_is_written(blank: str) -> None:
    """The text `":` in a value would make up for the missing name in a count that does not look closely."""
    for value in ("1", '"\\":"', '"x\\" :"'):
        with pytest.raises(JsonError, match="twice"):
            parse_json(f'{{"a"{blank}:{value},"a":{value}}}'.encode())


def test_sixty_four_levels_are_read_and_one_more_is_not() -> None:
    assert parse_json(b"[" * 64 + b"]" * 64) is not None
    assert parse_json(b'{"a":' * 64 + b"1" + b"}" * 64) is not None
    for deep in (b"[" * 65 + b"]" * 65, b'{"a":' * 65 + b"1" + b"}" * 65, b"[" * 200_000):
        with pytest.raises(JsonError, match="nested deeper than 64"):
            parse_json(deep)
