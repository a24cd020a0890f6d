"""`bonusctl doctor`."""

from typing import TYPE_CHECKING

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option

if TYPE_CHECKING:
    from reconcile.cli.console import Console
    from reconcile.project.doctor import Check


@click.command(epilog=examples("bonusctl doctor", "bonusctl doctor --format json"))
@format_option("text", "json")
@click.pass_context
@pass_invocation
def command(invocation: Invocation, ctx: click.Context, /, form: str) -> None:
    """Check config, specs, token, account, balance, clock, state and lock. Never pays, never writes to the state."""
    from reconcile.errors import BonusctlError
    from reconcile.project.doctor import Level, examine, failed

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


def _line(console: "Console", check: "Check") -> None:
    from reconcile.cli.complaints import safe_lines
    from reconcile.render.style import Style

    style = Style(console.color)
    colors = {"ok": "green", "warn": "yellow", "fail": "red"}
    word = style.paint(f"{check.level.value:<4}", colors[check.level.value])
    console.result(f"{word}  {safe_lines(check.name)}: {safe_lines(check.text)}")
    for line in check.remedy.split("\n") if check.remedy else ():
        console.result(f"        {safe_lines(line)}")
