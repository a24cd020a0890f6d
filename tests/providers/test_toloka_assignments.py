"""Toloka's assignments: what each answer means, and that a wrong one means nothing."""

import pytest

from reconcile.providers.base import AssignmentAbsent, AssignmentFound, Lost, ReadAssignment, Unread
from tests.providers.toloka_cases import CODEC, DATE_MS, error, response

ASKED = ReadAssignment("00001092da--61ef")


def shown(**changes: object) -> dict[str, object]:
    return {"id": "00001092da--61ef", "user_id": "w1", "status": "ACCEPTED", "pool_id": "7", **changes}


def test_the_id_is_quoted_in_the_address() -> None:
    assert CODEC.request(ReadAssignment("a b?@w1")).target == "/api/v1/assignments/a%20b%3F%40w1"


@pytest.mark.parametrize(("status", "accepted"), [("ACCEPTED", True), ("REJECTED", False), ("SUBMITTED", False)])
def test_an_assignment_has_its_status_and_its_worker(status: str, accepted: bool) -> None:
    assert CODEC.answer(ASKED, response(200, shown(status=status))) == AssignmentFound(
        status=status, accepted=accepted, recipient="w1", server_ms=DATE_MS
    )


def test_an_unknown_assignment_is_absent_only_by_tolokas_own_error() -> None:
    assert CODEC.answer(ASKED, response(404, error("DOES_NOT_EXIST"))) == AssignmentAbsent(server_ms=DATE_MS)
    assert isinstance(CODEC.answer(ASKED, response(404, {"oops": 1})), Unread)


@pytest.mark.parametrize(
    "body",
    [
        shown(id="another"),
        shown(status="PAID"),
        shown(status=["ACCEPTED"]),
        shown(user_id=""),
        shown(user_id=7),
        [],
        {},
    ],
)
def test_what_is_not_this_assignment_whole_is_unread(body: object) -> None:
    assert isinstance(CODEC.answer(ASKED, response(200, body)), Unread)


def test_no_answer_is_unread() -> None:
    assert isinstance(CODEC.answer(ASKED, Lost("time-out")), Unread)
