"""What people do to a state by hand: resolve, unlock, export, import, backup, restore. Each is recorded in it."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from reconcile import __version__
from reconcile.errors import Refused, StateError
from reconcile.model import PaymentStatus
from reconcile.project.commits import recorded_commit
from reconcile.project.config import Project
from reconcile.project.look import find_bonus
from reconcile.project.run import holding_lock
from reconcile.project.system import actor, host, new_id, pull_request
from reconcile.protocol.ending import ended_without_sends
from reconcile.render.state_values import BonusRow
from reconcile.state import files
from reconcile.state.backup import backup_state, restore_state
from reconcile.state.events import Event, PaymentResolved, Result, RunStarted, StateCarried
from reconcile.state.ledger import Head, Ledger, RecordedPayment
from reconcile.state.lock import Holder, RunLock, take_over
from reconcile.state.reader import SqliteReader, open_reader
from reconcile.state.sqlite import open_ledger
from reconcile.state.transfer import export_state, import_state


def no_state(project: Project) -> StateError:
    """The error where a command needs a state and there is none."""
    return StateError(
        f"There is no state at {project.state_path}",
        detail="It is made by the first apply or refresh.",
        remedy="bonusctl refresh",
        reason="state_missing",
    )


def look_up(project: Project, address: str) -> BonusRow:
    """The recorded bonus at an address. Raises StateError where there is none."""
    with open_reader(project.state_path) as reader:
        return find_bonus(project, reader, address)[1]


def in_doubt(row: BonusRow) -> tuple[RecordedPayment, ...]:
    """Its payments that no provider could tell of. Raises Refused if there is none: nothing else is for a person."""
    found = tuple(payment for payment in row.payments if payment.status is PaymentStatus.PREPARED and payment.sent)
    if not found:
        raise Refused(
            f"{row.address} is not in doubt: it is {row.status}",
            detail="Only a payment that was sent and whose outcome no provider can tell is decided by a person.",
            remedy=f"bonusctl state show '{row.address}'",
            reason="not_in_doubt",
        )
    return found


def resolve(project: Project, address: str, *, result: Result, reason: str) -> BonusRow:
    """Record a person's decision about every payment of the bonus that is in doubt. Returns the bonus as it is then."""
    clock = project.clock
    who = actor(project.environ)
    with holding_lock(project, "state resolve") as lock:
        if not project.state_path.exists():
            raise no_state(project)
        with open_ledger(project.state_path, lock=lock, lineage=new_id(), at_ms=clock.now_ms()) as ledger:
            record, row = find_bonus(project, ledger, address)
            decided: list[Event] = [
                PaymentResolved(
                    ledger=record.ledger,
                    payment_id=payment.payment_id,
                    result=result,
                    reason=reason,
                    actor=who,
                    at_ms=clock.now_ms(),
                )
                for payment in in_doubt(row)
            ]
            journal(project, ledger, "state resolve", decided)
            return find_bonus(project, ledger, address)[1]


def take_lock(project: Project, reason: str) -> Holder | None:
    """Take the lock from whoever holds it, and close every gate. Returns who had signed it."""
    path = project.state_path
    if not path.parent.is_dir():
        return None
    clock = project.clock
    holder = Holder(pid=os.getpid(), host=host(), command="state unlock", since_ms=clock.now_ms())
    before, lock = take_over(path, holder)
    with lock:
        if path.exists():
            _carry_unlocked(project, lock, reason)
    return before


def _carry_unlocked(project: Project, lock: RunLock, reason: str) -> None:
    clock = project.clock
    with open_ledger(project.state_path, lock=lock, lineage=new_id(), at_ms=clock.now_ms()) as ledger:
        carried = StateCarried(
            how="unlocked",
            reason=reason,
            actor=actor(project.environ),
            epoch=ledger.epoch + 1,
            at_ms=clock.now_ms(),
        )
        ledger.commit([carried])


def export_to(project: Project, write_line: Callable[[str], object]) -> None:
    """The state as lines without their ends."""
    with open_reader(project.state_path) as reader:
        if reader is None:
            raise no_state(project)
        export_state(reader, write_line)


def import_from(project: Project, lines: Iterable[str], *, reason: str) -> Head:
    """Make (or advance) the state from an export. Returns its head."""
    clock = project.clock
    with holding_lock(project, "state import") as lock:
        return import_state(
            project.state_path,
            lines,
            lock=lock,
            actor=actor(project.environ),
            reason=reason,
            at_ms=clock.now_ms(),
        )


def backup_to(project: Project, target: Path) -> Head:
    """Copy the state to a new file. Returns the copy's head."""
    if not files.exists(project.state_path):
        raise no_state(project)
    return backup_state(project.state_path, target)


def restore_from(project: Project, backup: Path, *, reason: str) -> Path | None:
    """Put a backup in the state's place. Returns where the former state was put, None if there was none."""
    clock = project.clock
    with holding_lock(project, "state restore") as lock:
        return restore_state(
            backup,
            project.state_path,
            lock=lock,
            actor=actor(project.environ),
            reason=reason,
            at_ms=clock.now_ms(),
        )


def require_state(project: Project, reader: SqliteReader | None) -> SqliteReader:
    """The reader, or the error that there is no state."""
    if reader is None:
        raise no_state(project)
    return reader


def journal(project: Project, ledger: Ledger, command: str, events: Sequence[Event]) -> None:
    """Make what a person decided durable, as a run of its own: who, when, where."""
    run_id = new_id()
    ledger.commit(
        [
            _started(project, run_id, command, ledger.epoch + 1),
            *events,
            ended_without_sends(run_id, at_ms=project.clock.now_ms()),
        ]
    )


def _started(project: Project, run_id: str, command: str, epoch: int) -> RunStarted:
    return RunStarted(
        run_id=run_id,
        epoch=epoch,
        command=command,
        actor=actor(project.environ),
        host=host(),
        git_commit=recorded_commit(project),
        version=__version__,
        at_ms=project.clock.now_ms(),
        pull_request=pull_request(project.environ),
    )
