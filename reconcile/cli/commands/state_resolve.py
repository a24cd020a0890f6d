"""`bonusctl state resolve`."""

from typing import TYPE_CHECKING

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.project.unowned import Waiting


@click.command(
    name="resolve",
    epilog=examples(
        'bonusctl state resolve week-47/fac97860 --issued --reason "seen in the web page"',
        'bonusctl state resolve week-47/fac97860 --not-issued --reason "support says it was not made"',
        "bonusctl state resolve c/A1/3X c/A1/3X#award --not-issued --reason refund",
    ),
)
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.option("--issued", is_flag=True, help="It was paid.")
@click.option("--not-issued", is_flag=True, help="It was not paid: the next apply pays it.")
@click.option("--reason", required=True, metavar="TEXT", help="How that is known, for the record.")
@click.option("--auto-approve", is_flag=True, help="Ask nothing.")
@pass_invocation
def command(
    invocation: Invocation,
    /,
    addresses: tuple[str, ...],
    issued: bool,  # noqa: FBT001
    not_issued: bool,  # noqa: FBT001
    reason: str,
    auto_approve: bool,  # noqa: FBT001
) -> None:
    """Decide about a bonus in doubt what no provider can tell. Recorded with who, when and why.

    --not-issued means that the next apply pays it: be sure. Where bonuses of one worker and assignment wait for payments that
    this state does not know, --not-issued names them all: none of the payments is theirs.
    """
    from reconcile.cli.question import must_agree
    from reconcile.errors import Refused, StateError, UsageError
    from reconcile.money import Money, add
    from reconcile.project.state_ops import in_doubt, look_up, resolve
    from reconcile.project.unowned import waiting
    from reconcile.render.safe import visible
    from reconcile.render.state_text import render_bonus_text
    from reconcile.state.events import Result

    # Silence must not mean one of the two: a payment that was made and is called not issued is paid again.
    if issued == not_issued:
        raise UsageError("Say one of the two: --issued or --not-issued", detail="Nothing was changed.")
    if not reason.strip():
        raise UsageError("--reason is empty", remedy="Say how it is known; it is recorded for whoever looks later.")
    project = invocation.load_project()
    if len(addresses) > 1:
        if issued:
            raise UsageError("One payment is one bonus's: say --issued of each address by itself")
        _decide(
            invocation,
            [_waiting(invocation, one) for one in addresses],
            issued=False,
            reason=reason,
            approved=auto_approve,
        )
        return
    (address,) = addresses
    try:
        row = look_up(project, address)
        payments = in_doubt(row)
    except (StateError, Refused) as error:
        found = waiting(project, address) if error.reason in ("not_recorded", "not_in_doubt") else None
        if found is None:
            raise
        _decide(invocation, [found], issued=issued, reason=reason, approved=auto_approve)
        return
    money = Money(add(payment.amount for payment in payments), row.currency)
    console = invocation.console
    console.message(render_bonus_text(row))
    question = f"Record that {money} for {visible(row.address)} {'was' if issued else 'was NOT'} issued?"
    must_agree(console, question, approved=auto_approve)
    row = resolve(project, address, result=Result.ISSUED if issued else Result.RELEASED, reason=reason)
    console.result(f"Recorded: {visible(row.address)} is {row.status.replace('_', ' ')}.")
    console.next("bonusctl plan")


def _waiting(invocation: Invocation, address: str) -> "Waiting":
    """One of several addresses. Raises UsageError for one that cannot wait for a payment without an owner."""
    from reconcile.errors import UsageError
    from reconcile.project.unowned import waiting

    found = waiting(invocation.load_project(), address)
    if found is None:
        raise UsageError(
            f"{address} is no bonus of these specs that may wait for a payment without an owner",
            detail="Several addresses are named for those alone, at a provider that lists by assignment. Nothing was changed.",
            remedy="Say it of each address by itself.",
        )
    return found


def _decide(invocation: Invocation, found: "Sequence[Waiting]", *, issued: bool, reason: str, approved: bool) -> None:
    """Nothing of them is in doubt here: they wait for payments that the provider shows and this state does not know."""
    from reconcile.cli.progress import ConsoleProgress
    from reconcile.cli.question import must_agree
    from reconcile.project.stop import StopControl
    from reconcile.project.unowned import decide
    from reconcile.render.safe import visible

    console = invocation.console
    address = visible(" and ".join(one.bonus.address for one in found))

    def agree(lines: "Sequence[str]") -> bool:
        console.end_progress()
        for line in lines:
            console.message(f"  {visible(line)}")
        what = f"this is {address}" if issued else f"nothing of this is a bonus of these specs, {address} among them"
        must_agree(console, f"Record that {what}?", approved=approved)
        return True

    decide(
        invocation.load_project(),
        found,
        issued=issued,
        reason=reason,
        agree=agree,
        control=StopControl(console.message_at_once),
        progress=ConsoleProgress(console),
    )
    are = "is" if len(found) == 1 else "are"
    console.result(f"Recorded: {address} {are} {'issued' if issued else 'still to be paid'}.")
    console.next("bonusctl plan")
