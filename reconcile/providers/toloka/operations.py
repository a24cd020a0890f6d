"""Operations as Toloka shows them, believed only where they fit: our id, our kind, and counts that add up."""

from collections.abc import Mapping
from typing import Final

from reconcile import identity
from reconcile.providers.base import OperationPhase, OperationSeen, OperationsPage, Unread
from reconcile.providers.toloka.reply import Reply, time_of, unread
from reconcile.providers.toloka.requests import OPERATION_TYPE

_ENDED: Final = {"PENDING": False, "RUNNING": False, "SUCCESS": True, "FAIL": True}
_COUNTS: Final = ("total_count", "valid_count", "not_valid_count", "success_count", "failed_count")


def read_operation(value: object) -> OperationSeen | str:
    """An operation, or why the value is none that can be believed."""
    if not isinstance(value, dict):
        return "it is no operation"
    raw = identity.from_text(value["id"]) if isinstance(value.get("id"), str) else None
    status = value.get("status")
    if raw is None:
        return "it shows no operation id"
    if value.get("type") != OPERATION_TYPE:
        return "it is an operation of another type"
    if not isinstance(status, str) or status not in _ENDED:
        return "its status is none that Toloka has"
    counts = _counts(value.get("details"))
    if counts is None or (_ENDED[status] and not counts):
        return "its counts cannot be read"
    if not _add_up(counts, status):
        return "its counts do not add up"
    return OperationSeen(
        operation_id=raw,
        phase=OperationPhase.DONE if _ENDED[status] else OperationPhase.RUNNING,
        failed=status == "FAIL",
        submitted_ms=time_of(value.get("submitted")),
        finished_ms=time_of(value.get("finished")) if _ENDED[status] else None,
        total=counts.get("total_count"),
        issued=counts.get("success_count"),
    )


def read_own_operation(value: object, operation_id: bytes, payments: int) -> OperationSeen | str:
    """The same, of the one operation that was asked for, with as many items as it was given."""
    seen = read_operation(value)
    if isinstance(seen, str):
        return seen
    if seen.operation_id != operation_id:
        return "it shows another operation than the one asked for"
    if seen.total is not None and seen.total != payments:
        return f"it counts {seen.total} items, but {payments} were sent"
    return seen


def read_operations_page(reply: Reply, cursor: str) -> OperationsPage | Unread:
    """A page of the list of operations. One entry that cannot be read makes the page unread: a list with a hole would
    look like a list without that operation.
    """
    page = page_of(reply.value)
    if isinstance(page, str):
        return unread(reply, message=page)
    items, has_more = page
    found: list[OperationSeen] = []
    for item in items:
        seen = read_operation(item)
        if isinstance(seen, str):
            return unread(reply, message=f"an operation of the list does not fit: {seen}")
        found.append(seen)
    # The cursor is the last id as Toloka shows it: with dashes or without, it must compare with Toloka's own.
    last = str(items[-1]["id"]) if items else cursor
    if has_more and last == cursor:
        return unread(reply, message="the list of operations says that it goes on, but does not")
    return OperationsPage(
        operations=tuple(found),
        next_cursor=last if has_more else "",
        server_ms=reply.server_ms,
    )


def page_of(value: object) -> tuple[list[dict[str, object]], bool] | str:
    """(items, has_more) of a page, or why the value is none."""
    if not isinstance(value, dict):
        return "it is no page of a list"
    items, has_more = value.get("items"), value.get("has_more")
    if not isinstance(items, list) or not isinstance(has_more, bool):
        return "it is no page of a list"
    if not all(isinstance(item, dict) for item in items):
        return "the list holds something that is no object"
    return items, has_more


def _counts(details: object) -> dict[str, int] | None:
    """The counts, {} where none are shown yet, None where they make no sense."""
    if details is None:
        return {}
    if not isinstance(details, dict):
        return None
    counts: dict[str, int] = {}
    for name in _COUNTS:
        count = details.get(name)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            return None
        counts[name] = count
    return counts


def _add_up(counts: Mapping[str, int], status: str) -> bool:
    """Whether the counts can be true together. An end with SUCCESS accounts for every item; FAIL may stop anywhere."""
    if not counts:
        return True
    total, valid, invalid, issued, failed = (counts[name] for name in _COUNTS)
    if valid + invalid > total or issued + failed > total or issued > valid:
        return False
    if status == "SUCCESS":
        # Whether an invalid item counts as failed too, the reference does not say.
        return valid + invalid == total and issued + failed in (valid, total)
    return True
