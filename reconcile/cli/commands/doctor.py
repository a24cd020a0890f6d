"""`bonusctl doctor`."""

from typing import TYPE_CHECKING

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option
from reconcile.money import format_amount

if TYPE_CHECKING:
    from reconcile.cli.console import Console
    from reconcile.project.doctor import Check


@click.command(
    epilog=examples(
        "bonusctl doctor",
        "bonusctl doctor --format json",
        "bonusctl doctor --probe --probe-user a1b0b42923c429daa2c764d7ccfc364d",
    )
)
@click.option("--probe", is_flag=True, help="On a sandbox: which reading of operation_id holds in synchronous mode.")
@click.option("--probe-user", metavar="ID", default="", help="The worker who gets the probe's two smallest bonuses.")
@click.option("--probe-provider", metavar="NAME", default="", help="The provider to probe, where there are several.")
@click.option("--auto-approve", is_flag=True, help="Ask nothing before a probe.")
@format_option("text", "json")
@click.pass_context
@pass_invocation
def command(
    invocation: Invocation,
    ctx: click.Context,
    /,
    probe: bool,  # noqa: FBT001
    probe_user: str,
    probe_provider: str,
    auto_approve: bool,  # noqa: FBT001
    form: str,
) -> None:
    """Check config, specs, token, account, balance, clock, state and lock. Pays nothing but what --probe says, and
    never writes to the state.
    """
    from reconcile.errors import BonusctlError
    from reconcile.project.doctor import Level, examine, failed

    if probe:
        _probe(invocation, probe_user, probe_provider, form=form, approved=auto_approve)
        return
    checks = []
    try:
        for check in examine(*invocation.look_at_project()):
            checks.append(check)
            if form == "text":
                _line(invocation.console, check)
    except BonusctlError as error:
        checks.append(failed("config", error))
        if form == "text":
            _line(invocation.console, checks[-1])
    healthy = all(check.level is not Level.FAIL for check in checks)
    if form == "json":
        rows = [check._asdict() | {"level": check.level.value} for check in checks]
        invocation.console.document({"format_version": 1, "healthy": healthy, "checks": rows})
    if not healthy:
        ctx.exit(1)


def _probe(invocation: Invocation, user: str, provider: str, *, form: str, approved: bool) -> None:
    from reconcile.cli.question import must_agree
    from reconcile.errors import UsageError
    from reconcile.project.probing import cost_of, probe, probed
    from reconcile.render.safe import visible

    if not user:
        raise UsageError("--probe needs --probe-user", remedy="Name a worker of the sandbox, who gets the bonuses.")
    project = invocation.load_project()
    settings = probed(project, provider)
    cost = cost_of(settings, user)
    question = f"Send {cost.amount} to {visible(user)} twice under one operation id ({cost.amount_max} at most)?"
    must_agree(invocation.console, question, approved=approved)
    result = probe(project, settings, user)
    if form == "json":
        document = {
            "format_version": 1,
            "reading": result.reading.value,
            "detail": result.detail,
            "answers": [{"status": status, "code": code or None} for status, code in result.answers],
            "paid": list(result.paid),
            "cost": format_amount(result.cost.amount),
            "currency": result.cost.currency,
        }
        invocation.console.document(document)
    else:
        invocation.console.result(f"operation_id is {result.reading.value}: {visible(result.detail)}")
        invocation.console.result(f"The probe paid {result.cost} in {len(result.paid)} bonuses.")


def _line(console: "Console", check: "Check") -> None:
    from reconcile.cli.complaints import safe_lines
    from reconcile.render.style import Style

    style = Style(console.color)
    colors = {"ok": "green", "warn": "yellow", "fail": "red"}
    word = style.paint(f"{check.level.value:<4}", colors[check.level.value])
    console.result(f"{word}  {safe_lines(check.name)}: {safe_lines(check.text)}")
    for line in check.remedy.split("\n") if check.remedy else ():
        console.result(f"        {safe_lines(line)}")
