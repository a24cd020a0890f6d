"""Addresses and markers: what people type and what comments carry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.identity import payment_id
from reconcile.model import (
    FORBIDDEN_IN_NAMES,
    LOOKS_LIKE_MARKER,
    Marker,
    format_address,
    marker,
    parse_address,
    parse_marker,
)

PAYMENT = payment_id(b"0123456789abcdef", 1)
_NAME = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(
    lambda text: not FORBIDDEN_IN_NAMES.search(text) and text.strip() == text
)


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("c/w", ("c", "w", "", "")),
        ("c/w/a", ("c", "w", "a", "")),
        ("c/w#k", ("c", "w", "", "k")),
        ("c/w/a#k", ("c", "w", "a", "k")),
        ("image labels/w-1", ("image labels", "w-1", "", "")),
        ("c", None),
        ("", None),
        ("c/", None),
        ("/w", None),
        ("c/w/", None),
        ("c/w#", None),
        ("c/w/a/x", None),
        ("c/w#k#l", None),
        ("c#k/w", None),
    ],
)
def test_addresses(address: str, parts: tuple[str, str, str, str] | None) -> None:
    """`campaign/recipient[/assignment_id][#key]`, and nothing else."""
    assert parse_address(address) == parts


@given(_NAME, _NAME, st.one_of(st.just(""), _NAME), st.one_of(st.just(""), _NAME))
def test_addresses_come_back(campaign: str, recipient: str, assignment_id: str, key: str) -> None:
    """Every bonus that a spec may hold has an address of its own."""
    parts = (campaign, recipient, assignment_id, key)
    assert parse_address(format_address(*parts)) == parts


def test_the_marker_of_a_comment() -> None:
    """Campaign, key, sequence and payment, at the end of whatever the comment says."""
    text = "well done" + marker("c", "k", 2, PAYMENT)
    assert text.startswith("well done [c#k/2] [bonusctl:")
    assert parse_marker(text) == Marker("c", "k", 2, PAYMENT)
    assert parse_marker(marker("c", "", 1, PAYMENT) + " \n") == Marker("c", "", 1, PAYMENT)


@pytest.mark.parametrize(
    "comment",
    ["", "well done", "[c/1]", "[bonusctl:x]", marker("c", "", 1, PAYMENT) + "x", marker("c", "", 1, PAYMENT)[:-2]],
)
def test_other_comments_have_none(comment: str) -> None:
    """A marker that was cut short or is not at the end is none."""
    assert parse_marker(comment) is None


def test_leading_zeros_are_no_sequence() -> None:
    """A sequence is written in one way."""
    assert parse_marker(marker("c", "", 1, PAYMENT).replace("/1]", "/01]")) is None


@given(_NAME, st.one_of(st.just(""), _NAME), st.integers(1, 999_999))
def test_markers_come_back(campaign: str, key: str, sequence: int) -> None:
    """Every marker that we send can be read, and is recognized as one."""
    text = marker(campaign, key, sequence, PAYMENT)
    assert parse_marker(f"text{text}") == Marker(campaign, key, sequence, PAYMENT)
    assert LOOKS_LIKE_MARKER.search(text)


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("[BonusCtl : x", True),
        ("see [c/12]", True),
        ("[c#k/1] ", True),
        ("[1] of [2]", False),
        ("a/1", False),
        ("[c/x]", False),
    ],
)
def test_the_look_of_a_marker(text: str, looks: bool) -> None:
    """What a user's text may not hold."""
    assert (LOOKS_LIKE_MARKER.search(text) is not None) is looks
