"""A head that was kept outside of the state (`apply --expect-head`): what it refuses, and what it proves."""

from reconcile.errors import Refused
from reconcile.project.config import Project
from reconcile.state.chain import parse_head
from reconcile.state.reader import open_reader


def check_head(project: Project, expected: str) -> None:
    """Refuse an older or altered state, before anything is written to it."""
    if not expected:
        return
    head = parse_head(expected)
    if head is None:
        raise Refused(
            f"--expect-head {expected} is no head of a state",
            remedy="A head is what this prints:\nbonusctl state head",
            reason="head_mismatch",
        )
    with open_reader(project.state_path) as reader:
        if reader is None or not reader.contains_head(head):
            raise Refused(
                "The state does not hold the expected head",
                detail="It is older than the anchor, altered, or another one. Nothing was sent.",
                remedy="Put the newest state in its place:\nbonusctl state restore BACKUP",
                reason="head_mismatch",
            )


def proved_gates(project: Project, expected: str) -> frozenset[int]:
    """The ledgers whose gates were open at the expected head: nothing of what they knew then is missing now."""
    head = parse_head(expected)
    if head is None:
        return frozenset()
    with open_reader(project.state_path) as reader:
        return reader.open_gates(head) if reader is not None else frozenset()
