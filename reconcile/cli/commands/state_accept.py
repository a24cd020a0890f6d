"""`bonusctl state accept`."""

from typing import TYPE_CHECKING

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples

if TYPE_CHECKING:
    from reconcile.project.acceptance import Offer


@click.command(
    name="accept",
    epilog=examples(
        'bonusctl state accept week-47/fac97860 --reason "paid too much, agreed with the worker"',
        'bonusctl state accept week-47/fac97860 --revoke --reason "the account works again"',
    ),
)
@click.argument("address")
@click.option("--reason", required=True, metavar="TEXT", help="Why, for the record.")
@click.option("--revoke", is_flag=True, help="Take an acceptance back.")
@click.option("--auto-approve", is_flag=True, help="Ask nothing.")
@pass_invocation
def command(invocation: Invocation, /, address: str, reason: str, revoke: bool, auto_approve: bool) -> None:  # noqa: FBT001
    """Accept a conflict with what was issued, or a rejection, as it is. Nothing is sent for the bonus and apply no
    longer leaves with 3 for it, until the spec asks for another amount, or another amount is issued.
    """
    from reconcile.cli.question import must_agree
    from reconcile.errors import UsageError
    from reconcile.project import acceptance
    from reconcile.render.safe import visible

    if not reason.strip():
        raise UsageError("--reason is empty", remedy="Say why; it is recorded for whoever looks later.")
    project = invocation.load_project()
    console = invocation.console
    if revoke:
        must_agree(console, f"Plan {visible(address)} again as the specs ask?", approved=auto_approve)
        acceptance.revoke(project, address, reason=reason)
        console.result(f"Recorded: {visible(address)} is no longer accepted as it is.")
    else:
        offer = acceptance.offered(project, address)
        must_agree(console, f"Accept {visible(address)} as it is: {_words(offer)}?", approved=auto_approve)
        acceptance.accept(project, address, seen=offer.what, reason=reason)
        console.result(f"Recorded: {visible(address)} is accepted as it is: {_words(offer)}.")
    console.next("bonusctl plan")


def _words(offer: "Offer") -> str:
    from reconcile.money import Money
    from reconcile.render.safe import visible

    what, currency = offer.what, offer.currency
    issued, desired = Money(what.issued, currency), Money(what.desired, currency)
    if what.code:
        return f"{desired} asked for, rejected with {visible(what.code)}"
    return f"{issued} issued, {desired} asked for"
