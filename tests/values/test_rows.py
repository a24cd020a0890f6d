"""Long lists: in memory, packed away, read again: always the same list."""

from collections.abc import Iterator, Sequence

import pytest

from reconcile.rows import IN_MEMORY, Coding, Lazy, Rows, Spooling, chosen, joined, mapped
from tests.support.spilling import Kept

NUMBERS: Coding[int] = Coding(lambda values: bytes(values), lambda blob: iter(blob))


def rows(count: int, *, kept: int, chunk: int) -> tuple[Rows[int], Kept]:
    store = Kept()
    made = Rows(NUMBERS, Spooling(kept, chunk, lambda: store))
    made.extend(range(count))
    return made, store


@pytest.mark.parametrize("count", range(12))
@pytest.mark.parametrize("kept", [0, 1, 4, 100])
@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_a_list_reads_the_same_wherever_its_values_are(count: int, kept: int, chunk: int) -> None:
    made, _ = rows(count, kept=kept, chunk=chunk)
    whole = tuple(range(count))
    assert tuple(made) == whole
    assert made == whole
    assert len(made) == count
    assert bool(made) is bool(count)
    for at in range(count):
        assert made[at] == at
        assert made[at - count] == at
        assert tuple(made[at:]) == whole[at:]
        assert tuple(made[:at]) == whole[:at]
        assert tuple(made[1:at]) == whole[1:at]
    with pytest.raises(IndexError):
        made[count]


def test_only_what_does_not_fit_leaves_the_memory() -> None:
    made, store = rows(4, kept=4, chunk=2)
    assert (store.blobs, made.finished()) == ([], (0, 1, 2, 3))
    made.append(4)
    assert store.blobs == [b"\0\1", b"\2\3"]
    assert made.finished() is made


def test_a_list_in_memory_opens_no_store() -> None:
    made = Rows(NUMBERS, IN_MEMORY)
    made.extend(range(20))
    assert made.finished() == tuple(range(20))


def test_lists_of_other_values_are_not_equal() -> None:
    made, _ = rows(3, kept=0, chunk=1)
    assert made != (0, 1, 3)
    assert made != (0, 1)
    assert made != [0, 1, 2]


def even(value: int) -> bool:
    return value % 2 == 0


def test_a_part_of_a_tuple_is_a_tuple_and_of_a_long_list_is_read_anew() -> None:
    made, _ = rows(7, kept=0, chunk=2)
    assert chosen(tuple(range(7)), even) == (0, 2, 4, 6)
    part = chosen(made, even)
    assert isinstance(part, Lazy)
    assert [tuple(part), tuple(part), len(part)] == [(0, 2, 4, 6), (0, 2, 4, 6), 4]
    assert tuple(part[1:3]) == (2, 4)
    assert part[-1] == 6


def test_all_of_a_long_list_is_the_list() -> None:
    made, _ = rows(3, kept=0, chunk=1)
    assert chosen(made, lambda _: True, 3) is made


def test_what_is_made_of_a_long_list_is_made_while_it_is_read() -> None:
    made, _ = rows(3, kept=0, chunk=1)
    assert mapped((1, 2), str) == ("1", "2")
    assert tuple(mapped(made, str)) == ("0", "1", "2")


def test_parts_are_joined_in_their_order() -> None:
    made, _ = rows(3, kept=0, chunk=2)
    assert joined((8, 9), (), (7,)) == (8, 9, 7)
    both: Sequence[int] = joined((8,), made)
    assert (tuple(both), len(both)) == ((8, 0, 1, 2), 4)
    assert joined((), made) is made


def test_a_lazy_list_whose_length_nobody_knows_is_true_only_with_a_value() -> None:
    def values() -> Iterator[int]:
        yield from ()

    assert not Lazy(values)
    assert Lazy(lambda: iter((0,)))
