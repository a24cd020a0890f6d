"""JSON from a stranger: exact, bounded, and read in one way only."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.providers.strict_json import BYTES_MAX, JsonError, parse_json


def test_numbers_are_exact() -> None:
    assert parse_json(b'{"a": 0.1, "b": 100.10, "c": 7}') == {"a": Decimal("0.1"), "b": Decimal("100.10"), "c": 7}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a":1} x', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a":1,"a":2}', "twice"),
        (b'{"a":{"b":1,"b":1}}', "twice"),
        (b'{"a":NaN}', "not a number: NaN"),
        (b'{"a":-Infinity}', "not a number: -Infinity"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b"9" * 5000, "not JSON that can be read exactly"),
        (b"[" * 65 + b"]" * 65, "nested deeper than 64"),
        (b'{"a":' * 100_000, "nested deeper than 64"),
        (b" " * (BYTES_MAX + 1), "longer than"),
    ],
)
def test_what_could_be_read_in_two_ways_or_without_end_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(JsonError, match=why):
        parse_json(body)


def test_sixty_four_levels_are_read() -> None:
    assert parse_json(b"[" * 64 + b"]" * 64) is not None


def test_brackets_in_texts_do_not_nest() -> None:
    assert parse_json(b'["' + b"[" * 1000 + b'\\"' + b"{" * 1000 + b'"]') == ["[" * 1000 + '"' + "{" * 1000]


@pytest.mark.parametrize("body", [b'"' + b'\\"' * 1_000_000, b'\\"' * 1_000_000, b'"' * 1_000_001])
def test_a_text_without_an_end_is_refused_in_linear_time(body: bytes) -> None:
    """Quadratic work on these would not come to an end within the suite."""
    with pytest.raises(JsonError):
        parse_json(body)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_what_json_writes_is_read_back(value: Any) -> None:
    import json

    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_the_one_error(body: bytes) -> None:
    try:
        parse_json(body)
    except JsonError:
        return
