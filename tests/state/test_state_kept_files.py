"""What is kept beside a state: under which names, in which words, and what is made of a text that is not quite that."""

import os
from pathlib import Path

import pytest

from reconcile.state.anchor import read_anchor, write_anchor
from reconcile.state.checked import Stamp, checked_ms, keep_checked, stamp
from reconcile.state.kept_sums import KeptSums, Verified, format_sums, parse_sums, read_verified, write_verified
from reconcile.state.ledger import Head

START, HEAD, LATER = Head(2, "cd" * 32), Head(5, "ab" * 32), Head(6, "ef" * 32)
KEPT = KeptSums(START, HEAD, {"bonuses": 7})
TEXT = (
    '{"changes":{"bonuses":"00000000000000000000000000000007"},"check":"a912dcf1d1502f69",'
    f'"head":"5:{HEAD.hash}","start":"2:{START.hash}"}}'
)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "bonusctl.db"
    path.write_bytes(b"")
    return path


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A state whose folder takes no file: there is none."""
    return tmp_path / "gone" / "bonusctl.db"


# --- the newest head -------------------------------------------------------------------------------------------------


def test_a_head_is_kept_as_a_line_that_its_owner_alone_reads(state: Path) -> None:
    write_anchor(state, HEAD)
    kept = state.with_name("bonusctl.db.head")
    assert kept.read_bytes() == b"5:" + b"ab" * 32 + b"\n"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert read_anchor(state) == HEAD


def test_a_folder_that_takes_no_head_stops_nobody(nowhere: Path) -> None:
    write_anchor(nowhere, HEAD)
    assert read_anchor(nowhere) is None


@pytest.mark.parametrize("text", [b"", b"5", b"5:abc\n", b"\xff5:" + b"ab" * 32, b" " * 200 + b"5:" + b"ab" * 32])
def test_what_is_no_head_says_nothing(state: Path, text: bytes) -> None:
    """The last of them begins after the part of the file that is read."""
    state.with_name("bonusctl.db.head").write_bytes(text)
    assert read_anchor(state) is None


# --- the sums of rows ------------------------------------------------------------------------------------------------


def test_sums_are_kept_as_hex_with_a_check() -> None:
    assert format_sums(KEPT) == TEXT
    assert parse_sums(TEXT) == KEPT


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace('"5:', '"six:'),
        TEXT.replace('"2:', '"six:'),
        TEXT.replace('{"bonuses":"00000000000000000000000000000007"}', '"7"'),
        TEXT.replace("07", "08"),
        TEXT.replace('"check":"a', '"check":"b'),
        f" {TEXT}",
    ],
    ids=["no head", "no start", "no sums", "another sum", "another check", "another form"],
)
def test_a_text_that_is_not_quite_that_is_no_sums(text: str) -> None:
    assert parse_sums(text) is None


def test_sums_that_go_back_to_a_verification_say_what_the_rows_must_have() -> None:
    verified = Verified(KEPT, {"bonuses": 100, "meta": 1})
    assert verified.sums_at(KeptSums(START, LATER, {"bonuses": 9})) == {"bonuses": 102, "meta": 1}
    assert verified.sums_at(KEPT) == {"bonuses": 100, "meta": 1}


def test_sums_that_do_not_go_back_to_a_verification_say_nothing() -> None:
    """Counted from another event on, or at an older head than the one that was verified: an older copy of the file."""
    verified = Verified(KEPT, {"bonuses": 100})
    assert verified.sums_at(KeptSums(HEAD, LATER, {"bonuses": 9})) is None
    assert verified.sums_at(KeptSums(START, Head(4, "ef" * 32), {"bonuses": 9})) is None


def test_a_verification_is_kept_beside_the_state(state: Path) -> None:
    write_verified(state, Verified(KEPT, {"meta": 1}))
    kept = state.with_name("bonusctl.db.verified")
    quoted = TEXT.replace('"', '\\"')
    assert (
        kept.read_text()
        == f'{{"format_version":1,"kept":"{quoted}","sums":{{"meta":"00000000000000000000000000000001"}}}}\n'
    )
    assert read_verified(state) == Verified(KEPT, {"meta": 1})


def test_of_a_long_file_the_beginning_alone_is_read(state: Path) -> None:
    """Blanks up to the bound, and then what would make it unreadable."""
    keep_checked(state, 1_000)
    write_verified(state, Verified(KEPT, {"meta": 1}))
    for name in ("checked", "verified"):
        kept = state.with_name(f"bonusctl.db.{name}")
        kept.write_text(kept.read_text().ljust(16 * 1024) + "x")
    assert read_verified(state) == Verified(KEPT, {"meta": 1})
    assert checked_ms(state, 1_000) == 1_000


def test_a_folder_that_takes_no_verification_stops_nobody(nowhere: Path) -> None:
    write_verified(nowhere, Verified(KEPT, {}))
    assert read_verified(nowhere) is None


# --- when the pages were checked -------------------------------------------------------------------------------------


def test_a_check_of_the_pages_is_kept_with_what_the_system_says_of_the_file(state: Path) -> None:
    found = state.stat()
    keep_checked(state, 1_000)
    assert state.with_name("bonusctl.db.checked").read_text() == (
        '{"checked_ms":1000,"format_version":1,"stamp":'
        f"[{found.st_dev},{found.st_ino},0,{found.st_mtime_ns},{found.st_ctime_ns}]}}\n"
    )
    assert checked_ms(state, 1_000) == 1_000


def test_a_folder_that_takes_no_stamp_stops_nobody(state: Path, nowhere: Path) -> None:
    keep_checked(nowhere, 1_000)
    state.with_name("bonusctl.db.checked").mkdir()
    keep_checked(state, 1_000)
    assert checked_ms(state, 1_000) is None


def test_a_stamp_is_device_inode_size_and_both_times(state: Path) -> None:
    state.write_bytes(b"12345")
    os.utime(state, ns=(1, 7_000_000_007))
    found = state.stat()
    assert stamp(found) == Stamp(found.st_dev, found.st_ino, 5, 7_000_000_007, found.st_ctime_ns)
    assert found.st_ctime_ns > 7_000_000_007
