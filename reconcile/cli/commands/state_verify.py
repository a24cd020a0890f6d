"""`bonusctl state verify`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option


@click.command(name="verify", epilog=examples("bonusctl state verify", "bonusctl state verify --full"))
@click.option("--full", is_flag=True, help="Fold every event again, whatever was verified before.")
@format_option("text", "json")
@click.pass_context
@pass_invocation
def command(invocation: Invocation, ctx: click.Context, /, full: bool, form: str) -> None:  # noqa: FBT001
    """Check the state: the chain of every event, the file's pages, the money of each campaign, and every row. Writes
    nothing into the state.

    The first time, and with --full, all events are folded again and each row is compared with what they make of it. That is
    kept beside the state; from then on the sums over all rows are compared with those found then and what commits have
    changed since: a row that anything else altered is found, in a fraction of the time. Where they differ, all is folded
    again to name it. Only --full proves that commits folded rightly, that indexes fit their tables, and that nobody altered
    rows, sums and what is kept together.
    """
    from reconcile.render.safe import visible
    from reconcile.state.chain import format_head
    from reconcile.state.verify import verify_file, verify_file_in_full

    report = (verify_file_in_full if full else verify_file)(invocation.load_project().state_path)
    console = invocation.console
    if form == "json":
        findings = [finding._asdict() for finding in report.findings]
        head = format_head(report.head)
        console.document(
            {
                "format_version": 1,
                "sound": report.sound,
                "events": report.events,
                "head": head,
                "folded_again": report.since is None,
                "verified_head": head if report.since is None else format_head(report.since),
                "findings": findings,
            }
        )
    elif report.sound:
        console.result(f"Sound: {report.events:,} events, head {format_head(report.head)}.")
        if report.since is not None:
            console.result(
                f"Rows by their sums since event {report.since.sequence:,}, up to which all was folded again."
            )
    else:
        for finding in report.findings:
            where = " ".join(part for part in (finding.table, finding.key, finding.column) if part)
            console.result(visible(f"{where}: expected {finding.expected}, found {finding.found}"))
    if not report.sound:
        console.message("The state is altered or damaged. Put a backup in its place:\n  bonusctl state restore BACKUP")
        ctx.exit(1)
