"""`check_assignments: true`: before money moves for an assignment, the provider says whose it is and what became of it.

An assignment must exist, be accepted and belong to the recipient. What cannot be read is not paid in this run. Each is
asked for once a run.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from reconcile.plan.model import Change
from reconcile.protocol.context import Context
from reconcile.protocol.gateway import BACKOFF_FIRST_S, SHORT_WAIT_S, is_long
from reconcile.protocol.report import Left, left_bonus
from reconcile.providers.base import AssignmentAbsent, AssignmentFound, ReadAssignment, Unread

CHUNK: Final = 1_000
"""Payments that are checked, and then sent, before the next are checked."""
ROUNDS_MAX: Final = 4


class Refusal(NamedTuple):
    """Why a bonus is not paid. `code` and `request_id` are the provider's where the assignment could not be read."""

    message: str
    code: str = ""
    request_id: str = ""


class Assignments:
    """What one run knows of assignments."""

    def __init__(self) -> None:
        self._found: dict[str, AssignmentFound | AssignmentAbsent] = {}

    def bearing(self, changes: Sequence[Change], context: Context) -> list[Change]:
        """Those of the payments that may be made; the others are left, each with its reason. None at all where a person
        stopped the run. To be called with nothing in flight.
        """
        asked = [change.identity.assignment_id for change in changes if change.identity.assignment_id]
        unread = self._read(asked, context)
        if context.control.stop_requested():
            return []
        kept = []
        for change in changes:
            refusal = self._judge(change, unread)
            if refusal is None:
                kept.append(change)
            else:
                assert change.payment_id is not None
                context.tally.left[change.payment_id] = left_bonus(
                    change, Left.ASSIGNMENT, refusal.message, code=refusal.code, request_id=refusal.request_id
                )
        return kept

    def _judge(self, change: Change, unread: dict[str, Unread]) -> Refusal | None:
        name = change.identity.assignment_id
        if not name:
            return None
        match self._found.get(name):
            case None:
                problem = unread.get(name)
                said = "" if problem is None else problem.message or problem.code
                code, request_id = ("", "") if problem is None else (problem.code, problem.request_id)
                return Refusal(
                    f"assignment {name} could not be read: {said or 'it was not asked for'}", code, request_id
                )
            case AssignmentAbsent():
                return Refusal(f"assignment {name} does not exist at the provider")
            case AssignmentFound(accepted=False, status=status):
                return Refusal(f"assignment {name} is {status}, not accepted")
            case AssignmentFound(recipient=recipient) if recipient != change.identity.recipient:
                return Refusal(f"assignment {name} belongs to another worker, {recipient}")
            case _:
                return None

    def _read(self, asked: Iterable[str], context: Context) -> dict[str, Unread]:
        """Ask for those that are not known yet, in a few rounds; what stays unread comes back with its last answer."""
        unread: dict[str, Unread] = {}
        rest = [name for name in dict.fromkeys(asked) if name not in self._found]
        pause_s = BACKOFF_FIRST_S
        for number in range(ROUNDS_MAX):
            if not rest or context.control.stop_requested():
                break
            if number:
                told = max((unread[name].retry_after_s or 0 for name in rest), default=0)
                context.gateway.sleep(min(max(told, pause_s), SHORT_WAIT_S))
                pause_s *= 2
            found = self._round(rest, context)
            unread = {name: answer for name, answer in unread.items() if name not in rest} | found
            rest = [name for name, answer in found.items() if not is_long(answer)]
        return unread

    def _round(self, names: Sequence[str], context: Context) -> dict[str, Unread]:
        """Each of them once, as many at a time as the wire carries."""
        gateway, waiting = context.gateway, deque(names)
        unread: dict[str, Unread] = {}
        while waiting or gateway.in_flight:
            while waiting and gateway.free and not gateway.pace_wait_ms() and not context.control.stop_requested():
                gateway.start(ReadAssignment(waiting.popleft()))
            if not gateway.in_flight:
                if context.control.stop_requested():
                    break
                gateway.sleep(gateway.pace_wait_ms() / 1000)
                continue
            for reply in gateway.collect(0.25):
                assert isinstance(reply.call, ReadAssignment)
                if isinstance(reply.answer, AssignmentFound | AssignmentAbsent):
                    self._found[reply.call.assignment_id] = reply.answer
                else:
                    assert isinstance(reply.answer, Unread)
                    unread[reply.call.assignment_id] = reply.answer
        return unread
