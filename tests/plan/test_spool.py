"""Rows of a plan that leave the memory: every field comes back, nobody else can read them, nothing stays behind."""

import errno
import os
import stat
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.model import Identity, Texts
from reconcile.plan.change import Action, Attempts, Change, PlannedOperation
from reconcile.plan.changes import Changes, count_of, entries_of, kinds_of, paying, planned_operations
from reconcile.rows import Spooling
from reconcile.spool import SPOOLED, TemporaryStore

TEXT = st.text(max_size=8)
AMOUNT = st.sampled_from(["0.00", "0.005", "1.50", "12.340", "999999999999.99", "1E+2"]).map(Decimal)
TEXTS = st.lists(
    st.tuples(TEXT, st.one_of(TEXT, st.booleans(), st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple))), max_size=2
).map(tuple)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    pays = draw(st.booleans())
    return Change(
        action=draw(st.sampled_from([Action.ISSUE, Action.TOP_UP] if pays else [Action.CONFLICT, Action.ORPHANED])),
        identity=Identity(*draw(st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT))),
        bonus_id=draw(st.binary(min_size=16, max_size=16)),
        provider=draw(TEXT),
        currency=draw(st.sampled_from(["USD", "RUB"])),
        amount=draw(AMOUNT),
        issued=draw(AMOUNT),
        payment_id=draw(st.binary(min_size=16, max_size=16)) if pays else None,
        sequence=draw(st.integers(0, 10**6)),
        attempt=draw(st.integers(0, 10**6)),
        operation_id=draw(st.none() | st.binary(min_size=16, max_size=16)),
        entry=draw(st.binary(min_size=32, max_size=32)) if pays else b"",
        texts=_texts(draw(TEXTS)),
        path=draw(TEXT),
        line=draw(st.integers(0, 2**40)),
        why=draw(TEXT),
        differences=tuple(draw(st.lists(TEXT, max_size=2))),
        attempts=Attempts(draw(st.integers(0, 10**6)), draw(st.integers(0, 10**6))),
    )


def _texts(texts: Texts) -> Texts:
    return texts


def spooled(rows: Iterable[Change], *, chunk: int = 2) -> Changes:
    made = Changes(Spooling(0, chunk, TemporaryStore))
    made.extend(rows)
    return made


@given(st.lists(changes(), max_size=6))
def test_every_field_of_a_row_comes_back_as_it_was(rows: list[Change]) -> None:
    found = list(spooled(rows))
    assert found == rows
    assert [[type(value) for value in row] for row in found] == [[type(value) for value in row] for row in rows]
    assert [str(row.amount) for row in found] == [str(row.amount) for row in rows]
    assert [str(row.issued) for row in found] == [str(row.issued) for row in rows]


@given(st.lists(changes(), max_size=6))
def test_figures_are_those_of_the_rows(rows: list[Change]) -> None:
    """A list that counts while it grows says the same as one that is read to be counted."""
    long, short = spooled(rows), tuple(rows)
    assert kinds_of(long) == kinds_of(short)
    assert count_of(long) == count_of(short)
    assert tuple(paying(long)) == paying(short)
    assert list(entries_of(long)) == list(entries_of(short))


def test_an_operation_comes_back_with_its_payments() -> None:
    operations = [
        PlannedOperation(None, "toloka", (b"a" * 16,), Decimal("1.50")),
        PlannedOperation(b"o" * 16, "other", (b"b" * 16, b"c" * 16), Decimal("0.010")),
    ]
    made = planned_operations(Spooling(0, 1, TemporaryStore))
    made.extend(operations)
    assert list(made) == operations
    assert [str(one.amount) for one in made] == ["1.50", "0.010"]


def opened() -> set[int]:
    """The numbers of this process's open files."""
    return {int(path.name) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()}


def test_the_file_has_no_name_and_only_its_owner_may_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = opened()
    store = TemporaryStore()
    store.write(b"worker-1")
    (mine,) = opened() - before
    status = os.fstat(mine)
    assert (status.st_size, status.st_nlink, stat.S_IMODE(status.st_mode)) == (8, 0, 0o600)
    assert list(tmp_path.iterdir()) == []


def test_a_store_closes_its_file_when_nobody_needs_it_any_more() -> None:
    before = opened()
    store = TemporaryStore()
    assert len(opened() - before) == 1
    del store
    assert opened() == before


def test_where_the_folder_for_temporary_files_is_full_rows_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that pays must not end because of a full folder that has nothing to do with the state."""
    store = TemporaryStore()
    first = store.write(b"before")

    def full(_descriptor: int, _blob: bytes, _at: int) -> int:
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        second = store.write(b"while it is full")
    third = store.write(b"after")
    assert [store.read(number) for number in (first, second, third)] == [b"before", b"while it is full", b"after"]


def test_without_any_folder_for_temporary_files_rows_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(**_options: object) -> object:
        raise FileNotFoundError(errno.ENOENT, "no usable temporary directory")

    monkeypatch.setattr("tempfile.TemporaryFile", nowhere)
    store = TemporaryStore()
    assert store.read(store.write(b"kept")) == b"kept"


def test_a_command_keeps_some_thousand_rows_in_memory() -> None:
    assert (SPOOLED.kept, SPOOLED.chunk) == (4_096, 512)
