"""`bonusctl state resolve`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples


@click.command(
    name="resolve",
    epilog=examples(
        'bonusctl state resolve week-47/fac97860 --issued --reason "seen in the web page"',
        'bonusctl state resolve week-47/fac97860 --not-issued --reason "support says it was not made"',
    ),
)
@click.argument("address")
@click.option("--issued", is_flag=True, help="It was paid.")
@click.option("--not-issued", is_flag=True, help="It was not paid: the next apply pays it.")
@click.option("--reason", required=True, metavar="TEXT", help="How that is known, for the record.")
@click.option("--auto-approve", is_flag=True, help="Ask nothing.")
@pass_invocation
def command(
    invocation: Invocation,
    /,
    address: str,
    issued: bool,  # noqa: FBT001
    not_issued: bool,  # noqa: FBT001
    reason: str,
    auto_approve: bool,  # noqa: FBT001
) -> None:
    """Decide about a bonus in doubt what no provider can tell. Recorded with who, when and why.

    --not-issued means that the next apply pays it: be sure.
    """
    from reconcile.cli.question import must_agree
    from reconcile.errors import UsageError
    from reconcile.money import Money, add
    from reconcile.project.state_ops import in_doubt, look_up, resolve
    from reconcile.render.safe import visible
    from reconcile.render.state_text import render_bonus_text
    from reconcile.state.events import Result

    # Silence must not mean one of the two: a payment that was made and is called not issued is paid again.
    if issued == not_issued:
        raise UsageError("Say one of the two: --issued or --not-issued", detail="Nothing was changed.")
    if not reason.strip():
        raise UsageError("--reason is empty", remedy="Say how it is known; it is recorded for whoever looks later.")
    project = invocation.load_project()
    row = look_up(project, address)
    money = Money(add(payment.amount for payment in in_doubt(row)), row.currency)
    console = invocation.console
    console.message(render_bonus_text(row))
    question = f"Record that {money} for {visible(row.address)} {'was' if issued else 'was NOT'} issued?"
    must_agree(console, question, approved=auto_approve)
    row = resolve(project, address, result=Result.ISSUED if issued else Result.RELEASED, reason=reason)
    console.result(f"Recorded: {visible(row.address)} is {row.status.replace('_', ' ')}.")
    console.next("bonusctl plan")
