"""An assignment as Toloka shows it: a worker's response to a task suite, with its status."""

from typing import Final

from reconcile.providers.base import AssignmentAbsent, AssignmentFound, Unread
from reconcile.providers.toloka import outcomes
from reconcile.providers.toloka.reply import Reply, unread

ACCEPTED: Final = "ACCEPTED"
_STATUSES: Final = frozenset({"ACTIVE", "SUBMITTED", ACCEPTED, "REJECTED", "SKIPPED", "EXPIRED"})
_NAME_LENGTH_MAX: Final = 256


def read_assignment(reply: Reply, assignment_id: str) -> AssignmentFound | AssignmentAbsent | Unread:
    """What an answer says of an assignment: it must be the very one that was asked for."""
    if not reply.succeeded:
        if reply.status == 404 and reply.code == outcomes.DOES_NOT_EXIST:
            return AssignmentAbsent(server_ms=reply.server_ms)
        return unread(reply, collection=False)
    value = reply.value
    if not isinstance(value, dict) or value.get("id") != assignment_id:
        return unread(reply, message="it is not the assignment that was asked for")
    status, recipient = value.get("status"), value.get("user_id")
    known = isinstance(status, str) and status in _STATUSES
    if not known or not isinstance(recipient, str) or not 0 < len(recipient) <= _NAME_LENGTH_MAX:
        return unread(reply, message="the assignment shows no status or no worker")
    return AssignmentFound(
        status=str(status), accepted=status == ACCEPTED, recipient=recipient, server_ms=reply.server_ms
    )
