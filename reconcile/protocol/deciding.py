"""A run in which a person decides about payments of one assignment that nobody here owns. It sends nothing.

Where a provider lists by assignment only and knows no id of ours, such a payment keeps its recipient from being paid.
The run reads the list as it is now, shows what has no owner, and records the decision in one commit.
"""

from collections.abc import Callable, Sequence

from reconcile.errors import BonusctlError, Refused
from reconcile.protocol.adopting import Sought
from reconcile.protocol.contact import bind, find_account
from reconcile.protocol.gateway import Gateway, told
from reconcile.protocol.importing import broken_off, ended
from reconcile.protocol.runner import Ports, ProviderAccess, RunOptions, started
from reconcile.protocol.scan_assignments import scan_assignments
from reconcile.providers.base import RemotePayment
from reconcile.state.events import Event
from reconcile.state.ledger import LedgerRecord

Decide = Callable[[LedgerRecord, Sequence[RemotePayment]], Sequence[Event]]
"""(the ledger, the payments to the bonus's worker and assignment that have no owner) → what is recorded."""


def run_deciding(
    ports: Ports, access: ProviderAccess, options: RunOptions, sought: Sought, decide: Decide, *, project: str
) -> None:
    """Scan the bonus's assignment, and record what `decide` says. Raises BonusctlError; the end is journaled."""
    ledger = ports.ledger
    ledger.commit([started(options, ledger, ports.clock.now_ms())])
    try:
        gateway = Gateway(access.settings, access.codec, access.wire, clock=ports.clock, control=ports.control)
        ports.progress.phase(f"{access.settings.name}: reading what was paid")
        record = bind(ledger, gateway, find_account(gateway), ports.clock)
        opened = scan_assignments(
            ledger, gateway, record, sought=[sought], full=False, project=project, control=ports.control
        )
        unread = opened.books.unlisted.get(sought.bonus.assignment_id)
        if unread is not None:
            raise Refused(
                f"The payments of assignment {sought.bonus.assignment_id} cannot be listed: {told(unread, gateway.codec)}",
                detail="Nothing was recorded: what the provider does not show cannot be decided about.",
                remedy="bonusctl plan --refresh",
                reason="unlisted",
            )
        place = sought.bonus.recipient, sought.bonus.assignment_id
        found = [one for one in opened.books.unowned() if (one.recipient, one.assignment_id) == place]
        ledger.commit([*decide(record, found), ended(ports, options, 0)])
    except BonusctlError as error:
        broken_off(ports, options, error)
        raise
