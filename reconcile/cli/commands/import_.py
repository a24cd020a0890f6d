"""`bonusctl import`."""

from typing import TYPE_CHECKING

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option

if TYPE_CHECKING:
    from reconcile.plan.importing import Matching
    from reconcile.project.importing import ImportResult, Source


@click.command(
    name="import",
    epilog=examples(
        "bonusctl import paid-by-hand.csv",
        "bonusctl import old.csv --fields user_id=worker,amount=bonus_usd",
        "bonusctl import --from-provider --since 2026-11-01",
    ),
)
@click.argument("file", metavar="[FILE]", required=False)
@click.option("--from-provider", is_flag=True, help="Read the provider's own list instead of a file.")
@click.option("--since", metavar="DATE", default="", help="From when on the provider's list is read, in UTC.")
@click.option(
    "--fields", multiple=True, metavar="FIELD=COLUMN", help="Columns that are named otherwise; several after commas."
)
@click.option("--provider", metavar="NAME", default="", help="Whose payments these are, with several in the config.")
@click.option("--campaign", metavar="NAME", default="", help="Match bonuses of this campaign only.")
@click.option("--auto-approve", is_flag=True, help="Ask nothing.")
@format_option("text", "json")
@click.pass_context
@pass_invocation
def command(
    invocation: Invocation,
    ctx: click.Context,
    /,
    file: str | None,
    from_provider: bool,  # noqa: FBT001
    since: str,
    fields: tuple[str, ...],
    provider: str,
    campaign: str,
    auto_approve: bool,  # noqa: FBT001
    form: str,
) -> None:
    """Take over payments made before bonusctl, or by hand beside it: from a CSV file or the provider's list, matched to
    desired bonuses by recipient, assignment and amount, shown, confirmed, recorded. Pays nothing.

    What fits no bonus, or several, is listed and left alone.
    """
    source = _source(file, from_provider=from_provider, since=since, fields=fields)
    result = _import(invocation, source, provider=provider, campaign=campaign, auto_approve=auto_approve)
    _show(invocation, result, form=form, listed=not auto_approve and bool(result.matching.matched))
    ctx.exit(3 if result.run.alarms else 0)


def _import(
    invocation: Invocation, source: "Source", *, provider: str, campaign: str, auto_approve: bool
) -> "ImportResult":
    """Match, ask and take over. Raises UsageError where nobody could be asked, before anything happens."""
    from reconcile.cli.progress import ConsoleProgress
    from reconcile.errors import UsageError
    from reconcile.project.importing import import_payments, provider_for
    from reconcile.project.stop import StopControl
    from reconcile.render.import_values import render_matching_text

    console = invocation.console
    project = invocation.load_project()
    settings = provider_for(project, provider)
    if not auto_approve and not console.has_terminal:
        raise UsageError(
            "There is no terminal to ask on",
            detail="Nothing was read or changed.",
            remedy="Say it in advance with --auto-approve.",
        )

    def agree(matching: "Matching", currency: str) -> bool:
        console.end_progress()
        if auto_approve:
            return True
        console.message(render_matching_text(matching, currency, ours=0))
        return console.confirm(f"Take {_payments(len(matching.matched))} over, as issued?")

    return import_payments(
        project,
        settings,
        source,
        campaign=campaign,
        agree=agree,
        control=StopControl(console.message),
        progress=ConsoleProgress(console),
    )


def _show(invocation: Invocation, result: "ImportResult", *, form: str, listed: bool) -> None:
    """The result. `listed`: a person has seen the lists already, before the question."""
    from reconcile.render.import_values import counts_text, matching_json, render_matching_text
    from reconcile.render.safe import visible

    console = invocation.console
    console.end_progress()
    for alarm in result.run.alarms:
        console.warn(visible(alarm))
    matching, ours = result.matching, result.run.ours
    if form == "json":
        head = {"format_version": 1, "provider": result.provider, "currency": result.currency, "origin": result.origin}
        run = {"recorded": result.run.payments, "adopted": result.run.adopted, "alarms": list(result.run.alarms)}
        console.document({**head, **matching_json(matching, ours=ours), **run})
    elif listed:
        console.result(counts_text(matching, result.currency, ours=ours))
    else:
        console.result(render_matching_text(matching, result.currency, ours=ours))
    if matching.matched:
        console.say(f"Recorded as issued: {_payments(len(matching.matched))}.")
    console.next("bonusctl plan")


def _source(file: str | None, *, from_provider: bool, since: str, fields: tuple[str, ...]) -> "Source":
    """What is imported. Raises UsageError for options that do not go together."""
    from pathlib import Path

    from reconcile.errors import UsageError
    from reconcile.project.import_file import parse_fields
    from reconcile.project.importing import FromFile, FromProvider
    from reconcile.times import parse_time

    if (file is None) is not from_provider:
        raise UsageError("Name a FILE, or say --from-provider", remedy="bonusctl import --help")
    if file is not None:
        if since:
            raise UsageError("--since goes with --from-provider", remedy="Take rows away from the file instead.")
        return FromFile(Path(file), file, tuple(parse_fields(fields).items()))
    if fields:
        raise UsageError("--fields goes with a FILE")
    since_ms = parse_time(since)
    if since_ms is None:
        raise UsageError(
            f"--since {since}: no time" if since else "--from-provider needs --since DATE",
            detail="The list may be long: say from when on its payments may be yours.",
            remedy="bonusctl import --from-provider --since 2026-11-01",
        )
    return FromProvider(since_ms)


def _payments(count: int) -> str:
    return f"{count:,} payment{'' if count == 1 else 's'}"
