"""`bonusctl validate`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option


@click.command(
    epilog=examples("bonusctl validate", "bonusctl validate specs/week-47.yaml", "bonusctl validate --format github"),
)
@click.argument("specs", metavar="[SPEC]...", nargs=-1)
@format_option("text", "json", "github")
@click.pass_context
@pass_invocation
def command(invocation: Invocation, ctx: click.Context, /, specs: tuple[str, ...], form: str) -> None:
    """Check specs and config. Shows every error of the run with its place. Needs no network and no state.

    SPEC is a file or a folder; without one, all that the config names.
    """
    from reconcile.errors import InvalidInput
    from reconcile.project.specs import check_specs
    from reconcile.render.diagnostics import render_github, render_json, render_text

    console, count = invocation.console, 0
    try:
        diagnostics, count = check_specs(invocation.load_project(), specs)
        found, errors, left_out = tuple(diagnostics), diagnostics.errors, diagnostics.left_out
    except InvalidInput as invalid:
        found, left_out = invalid.diagnostics, 0
        errors = sum(1 for diagnostic in found if diagnostic.severity == "error")
    if form == "json":
        console.document(render_json(found))
    elif form == "github":
        console.result(render_github(found, left_out=left_out))
    elif found:
        console.result(render_text(found, color=console.color))
    if left_out:
        console.message(f"And {left_out:,} more.")
    if errors:
        console.message(f"{console.paint('Invalid:', 'red')} {errors:,} {'error' if errors == 1 else 'errors'}.")
        ctx.exit(1)
    if form == "text":
        console.result(f"Valid: {count:,} {'bonus' if count == 1 else 'bonuses'}.")
        console.next("bonusctl plan")
