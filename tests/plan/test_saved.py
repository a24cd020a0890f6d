"""Saved plans: what is read is what was written, byte by byte, or it is refused."""

import hashlib
import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.errors import Refused, UsageError
from reconcile.plan.model import Plan
from reconcile.plan.saved import read_saved, write_saved
from reconcile.settings import Policies
from tests.plan.plan_world import Records, bonus, head, plan, recorded, settings

MADE_MS = 1_795_341_600_000


def rich() -> Plan:
    """A plan with a row of every kind, texts of every kind, a warning and an error."""
    state = Records(
        recorded("w47/cat", "1.00"), recorded("w47/dan", "1.00"), recorded("w47/eve", in_doubt="1.00"),
        recorded("w47/fay", "3.00"),
    )  # fmt: skip
    campaign = head("w47", budget="5.00")
    return plan(
        bonus(
            "w47/ann/a1", "1.00", campaign=campaign, texts=(("public_title", (("EN", "Grüße \u202e"), ("RU", "Да"))),)
        ),
        bonus(
            "w47/bob#k", "0.005", campaign=campaign, texts=(("private_comment", 'a "b"\\'), ("without_message", True))
        ),
        bonus("w47/cat", "1.50", campaign=campaign),
        bonus("w47/dan", "0.50", campaign=campaign),
        bonus("w47/eve", "1.00", campaign=campaign),
        state=state,
        config=settings(policies=Policies(allow_top_up=True)),
    )


def save(tmp_path: Path, made: Plan) -> Path:
    path = tmp_path / "plan.json"
    write_saved(made, path, created_ms=MADE_MS, version="0.1.0")
    return path


def reason(path: Path) -> str:
    """Why a file is refused, "" if it is accepted."""
    try:
        read_saved(path)
    except Refused as refusal:
        return refusal.reason
    return ""


@pytest.mark.parametrize("made", [rich(), plan(state=None), plan(bonus("w47/ann", "1.00"), state=None)])
def test_a_saved_plan_is_read_back_as_it_was(tmp_path: Path, made: Plan) -> None:
    saved = read_saved(save(tmp_path, made))
    assert saved.plan == made
    assert (saved.created_ms, saved.version) == (MADE_MS, "0.1.0")


def test_the_file_is_one_json_document_with_the_contracts_keys(tmp_path: Path) -> None:
    document = json.loads(save(tmp_path, rich()).read_text())
    assert document["created_at"] == "2026-11-22T10:00:00.000Z"
    assert {"format_version", "digest", "summary", "changes", "operations", "diagnostics"} <= document.keys()
    assert list(document)[-1] == "checksum"


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = save(tmp_path, rich())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_stood_there_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("old")
    save(tmp_path, rich())
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]
    assert read_saved(tmp_path / "plan.json").plan == rich()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot save the plan"):
        write_saved(rich(), tmp_path / "no" / "plan.json", created_ms=0, version="0")


def test_a_large_plan_is_written_in_pieces_and_read_back(tmp_path: Path) -> None:
    made = plan(*(bonus(f"w47/a{n}", "1.00") for n in range(500)), state=Records())
    assert read_saved(save(tmp_path, made)).plan == made


def test_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = save(tmp_path, plan(bonus("w47/ann", "1.00"), state=Records()))
    whole = path.read_bytes()
    accepted = []
    for position in range(len(whole)):
        for flip in (0x01, 0x20, 0x80):
            altered = bytearray(whole)
            altered[position] ^= flip
            path.write_bytes(altered)
            if reason(path) != "plan_damaged":
                accepted.append((position, flip))
    assert accepted == []


def test_every_shorter_file_is_noticed(tmp_path: Path) -> None:
    path = save(tmp_path, plan(bonus("w47/ann", "1.00"), state=Records()))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(Refused):
            read_saved(path)


# --- altered with care: the checksum made anew ---------------------------------------------------------------------


def forge(path: Path, alter: Callable[[dict[str, object]], object]) -> None:
    """Alter the document and seal it again, as somebody would who knows how."""
    document = json.loads(path.read_bytes())
    del document["checksum"]
    alter(document)
    body = json.dumps(document)[:-1].encode()
    path.write_bytes(body + b', "checksum": "sha256:' + hashlib.sha256(body).hexdigest().encode() + b'"}\n')


def row(document: dict[str, object], number: int = 0) -> dict[str, object]:
    changes = document["changes"]
    assert isinstance(changes, list)
    found = changes[number]
    assert isinstance(found, dict)
    return found


def test_a_forged_file_without_a_change_is_accepted(tmp_path: Path) -> None:
    """So that the refusals below are for what was altered, and not for the forgery's form."""
    path = save(tmp_path, rich())
    forge(path, lambda document: None)
    assert read_saved(path).plan == rich()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "100.00"),
        ("recipient", "eve"),
        ("assignment_id", "a2"),
        ("assignment_id", None),
        ("key", "k"),
        ("campaign", "w48"),
        ("currency", "RUB"),
        ("texts", {}),
        ("texts", {"public_title": {"EN": "Other"}}),
        ("address", "w47/eve/a1"),
        ("sequence", 2),
        ("payment_id", "6dd303c5-a671-57d6-b149-274d46b6b2f9"),
        ("bonus_id", "6dd303c5-a671-57d6-b149-274d46b6b2f9"),
        ("entry", "00" * 32),
        ("action", "conflict"),
    ],
)
def test_a_row_altered_with_care_does_not_fit_its_digest(tmp_path: Path, field: str, value: object) -> None:
    path = save(tmp_path, rich())
    forge(path, lambda document: row(document).__setitem__(field, value))
    with pytest.raises(Refused) as refusal:
        read_saved(path)
    assert refusal.value.reason == "digest_mismatch"


@pytest.mark.parametrize(
    "alter",
    [
        lambda document: document["changes"].pop(0),
        lambda document: document.__setitem__("digest", "sha256:" + "0" * 64),
        lambda document: document.__setitem__("project", "other"),
        lambda document: document["providers"][0].__setitem__("environment", "production"),
        lambda document: document["providers"][0].__setitem__("amount", "0.01"),
    ],
)
def test_a_document_altered_with_care_does_not_fit_its_digest(
    tmp_path: Path, alter: Callable[[dict[str, object]], object]
) -> None:
    path = save(tmp_path, rich())
    forge(path, alter)
    with pytest.raises(Refused) as refusal:
        read_saved(path)
    assert refusal.value.reason == "digest_mismatch"


@pytest.mark.parametrize("value", [None, 1, 1.5, True, "x", [], {}, [[]], "1e3", -1, 10**30])
def test_a_field_of_another_type_is_refused_and_never_a_traceback(tmp_path: Path, value: object) -> None:
    good = save(tmp_path, rich()).read_bytes()
    document = json.loads(good)
    for key in [key for key in document if key != "checksum"]:
        forged = tmp_path / "forged.json"
        forged.write_bytes(good)
        forge(forged, lambda found, key=key: found.__setitem__(key, value))  # type: ignore[misc]
        assert reason(forged) in {"", "plan_damaged", "digest_mismatch"}
    for key in row(document):
        forged.write_bytes(good)
        forge(forged, lambda found, key=key: row(found).__setitem__(key, value))  # type: ignore[misc]
        assert reason(forged) in {"", "plan_damaged", "digest_mismatch"}


def test_absurd_depth_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    body = b'{"changes": ' + b"[" * 100_000 + b"]" * 100_000
    path.write_bytes(body + b', "checksum": "sha256:' + hashlib.sha256(body).hexdigest().encode() + b'"}\n')
    with pytest.raises(Refused) as refusal:
        read_saved(path)
    assert refusal.value.reason == "plan_damaged"


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, rich())
    forge(path, lambda document: document.__setitem__("format_version", 2))
    with pytest.raises(Refused, match="not a plan that can be trusted"):
        read_saved(path)


def test_a_link_a_pipe_and_a_folder_are_not_read(tmp_path: Path) -> None:
    real = save(tmp_path, rich())
    (tmp_path / "link").symlink_to(real)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "absent"):
        with pytest.raises((Refused, UsageError)):
            read_saved(tmp_path / name)
    with pytest.raises(Refused):
        read_saved(tmp_path)


def test_a_total_is_the_sum_of_the_rows(tmp_path: Path) -> None:
    made = rich()
    assert read_saved(save(tmp_path, made)).plan.providers[0].amount == Decimal("1.505")


def test_what_a_state_attributes_is_no_part_of_the_file(tmp_path: Path) -> None:
    made = replace(
        plan(bonus("w47/ann", "1.00"), state=Records()),
        attributed=((b"0" * 16, 1, bonus("w47/ann", "1").identity("")),),
    )
    assert read_saved(save(tmp_path, made)).plan.attributed == ()
