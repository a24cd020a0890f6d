"""Very many ids, packed: the same answers as a set, a dict and `sorted`."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile import packed
from reconcile.packed import Packed, all_distinct, count_distinct, in_order


def hashes(count: int) -> list[bytes]:
    return [sha256(str(number).encode()).digest() for number in range(count)]


@given(st.lists(st.binary(min_size=3, max_size=3)))
def test_a_packed_set_answers_as_a_set(values: list[bytes]) -> None:
    """Values of three bytes, many of which share two or meet across the edge of a neighbour."""
    ours, seen = Packed(3), set[bytes]()
    for value in values:
        assert ours.add(value) is (value not in seen)
        seen.add(value)
    assert list(ours) == sorted(seen)
    assert len(ours) == len(seen)


def test_a_key_is_not_found_across_two_values() -> None:
    ours = Packed(4)
    ours.add(b"aaab")
    ours.add(b"aaac")
    assert b"aaac" in ours
    assert b"abaa" not in ours
    assert b"aaba" not in ours


def test_what_belongs_to_a_key_comes_back_and_the_first_one_stays() -> None:
    ours = Packed(2, 5)
    assert ours.add(b"k1abc")
    assert not ours.add(b"k1xyz")
    assert ours.get(b"k1") == b"abc"
    assert ours.get(b"k2") is None
    assert Packed(2).get(b"k1") is None


def test_no_value_is_in_a_packed_set_but_bytes() -> None:
    assert None not in Packed(2)


@pytest.mark.parametrize("at_a_time", [1, 7, 100, 1_000])
def test_hashes_come_in_order_with_their_repetitions_however_many_they_are(
    monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr(packed, "SORTED_MAX", at_a_time)
    for count in (0, 1, 7, 8, 300):
        values = [*hashes(count), *hashes(min(count, 2))]
        assert list(in_order(values)) == sorted(values)


def test_an_id_that_stands_twice_is_noticed() -> None:
    ids = [value[:16] for value in hashes(300)]
    assert all_distinct(ids)
    assert not all_distinct([*ids, ids[7]])


def test_different_texts_are_counted_once_each() -> None:
    assert count_distinct(["ä", "b", "ä", "", "\ud800"]) == 4
