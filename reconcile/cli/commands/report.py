"""`bonusctl report`."""

from typing import TYPE_CHECKING

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option, mask_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.render.audit_values import Sum

_BY = ("campaign", "recipient", "month")


@click.command(
    epilog=examples(
        "bonusctl report",
        "bonusctl report --by campaign,month --format csv > paid.csv",
        "bonusctl report --by recipient --since 2026-11-01 --until 2026-12-01 --mask-recipients",
        "bonusctl report --format beancount > bonuses.beancount",
    ),
)
@click.option(
    "--by",
    default="campaign",
    show_default=True,
    metavar="NAMES",
    help="campaign, recipient, month: one or several, with commas.",
)
@click.option("--since", metavar="DATE", help="Payments made on this UTC day or later.")
@click.option("--until", metavar="DATE", help="Payments made before this UTC day.")
@format_option("text", "csv", "json", "beancount")
@mask_option
@pass_invocation
def command(
    invocation: Invocation,
    /,
    by: str,
    since: str | None,
    until: str | None,
    form: str,
    masked: bool,  # noqa: FBT001
) -> None:
    """What was paid, summed up, without fees. Counts every payment that the state calls issued, by the time at which
    the provider made it, under the campaign's name at that time; reads no spec and needs no network.
    """
    from reconcile.project.audit import paid
    from reconcile.render.audit_values import summed
    from reconcile.state.reader import open_reader

    names = _names(by)
    since_ms, until_ms = _moment(since, "--since"), _moment(until, "--until")
    daily = form == "beancount" and "month" not in names
    project = invocation.load_project()
    invocation.say_if_no_state(project)
    with open_reader(project.state_path) as reader:
        rows = () if reader is None else paid(reader, since_ms=since_ms, until_ms=until_ms)
        if masked:
            from reconcile.project.mask_key import find_masker

            mask = find_masker(invocation.environ, project.state_folder).text
            rows = (payment._replace(recipient=mask(payment.recipient)) for payment in rows)
        sums = summed(rows, names, daily=daily)
    if not sums and form == "text" and (since or until):
        bounds = [f"{word} {date}" for word, date in (("since", since), ("before", until)) if date]
        invocation.console.result(f"Nothing was paid {' and '.join(bounds)}.\n")
        return
    _write(invocation, sums, names, form)


def _write(invocation: Invocation, sums: "Sequence[Sum]", names: "Sequence[str]", form: str) -> None:
    from reconcile.render import audit_text

    console = invocation.console
    match form:
        case "csv":
            console.results(audit_text.render_report_csv(sums, names))
        case "json":
            console.document(audit_text.render_report_document(sums, names))
        case "beancount":
            from reconcile.render.beancount import render_beancount

            console.results(render_beancount(sums, names))
        case _:
            console.result(audit_text.render_report_lines(sums, names))


def _names(by: str) -> "tuple[str, ...]":
    from reconcile.errors import UsageError

    names = tuple(name.strip() for name in by.split(","))
    unknown = [name for name in names if name not in _BY]
    if unknown or len(set(names)) != len(names):
        what = f"knows no {unknown[0]!r}" if unknown else "names something twice"
        raise UsageError(f"--by {what}", detail=f"It takes {', '.join(_BY)}, with commas between several.")
    return names


def _moment(text: str | None, option: str) -> int | None:
    from reconcile.errors import UsageError
    from reconcile.times import parse_time

    if text is None:
        return None
    found = parse_time(text)
    if found is None:
        raise UsageError(f"{option} {text} is no date", detail="Write it as 2026-11-22; it is meant in UTC.")
    return found
