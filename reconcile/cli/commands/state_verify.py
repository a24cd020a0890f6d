"""`bonusctl state verify`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option


@click.command(name="verify", epilog=examples("bonusctl state verify"))
@format_option("text", "json")
@click.pass_context
@pass_invocation
def command(invocation: Invocation, ctx: click.Context, /, form: str) -> None:
    """Check the event chain, fold all events again and compare every row of the state with it. Writes nothing."""
    from reconcile.render.safe import visible
    from reconcile.state.chain import format_head
    from reconcile.state.verify import verify_file

    report = verify_file(invocation.load_project().state_path)
    console = invocation.console
    if form == "json":
        findings = [finding._asdict() for finding in report.findings]
        head = format_head(report.head)
        console.document(
            {"format_version": 1, "sound": report.sound, "events": report.events, "head": head, "findings": findings}
        )
    elif report.sound:
        console.result(f"Sound: {report.events:,} events, head {format_head(report.head)}.")
    else:
        for finding in report.findings:
            where = " ".join(part for part in (finding.table, finding.key, finding.column) if part)
            console.result(visible(f"{where}: expected {finding.expected}, found {finding.found}"))
    if not report.sound:
        console.message("The state is altered or damaged. Put a backup in its place:\n  bonusctl state restore BACKUP")
        ctx.exit(1)
