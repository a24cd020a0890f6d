"""`bonusctl init`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples


@click.command(
    epilog=examples("bonusctl init", "bonusctl init bonuses --ci none"),
)
@click.argument("folder", metavar="[DIR]", default=".")
@click.option(
    "--ci",
    type=click.Choice(("github", "none")),
    default="github",
    show_default=True,
    help="Whose workflow is written: plan on pull requests, apply on the main branch.",
)
@pass_invocation
def command(invocation: Invocation, /, folder: str, ci: str) -> None:
    """Make a working project in DIR: a config on the emulator, an example spec with a data file, JSON Schemas for
    editors, .gitignore and a CI workflow. A file that is there already is never overwritten.
    """
    from pathlib import Path

    from reconcile.scaffold.writer import make_project
    from reconcile.spec.schema import config_schema, spec_schema

    schemas = {"spec.schema.json": spec_schema(), "config.schema.json": config_schema()}
    made = make_project(Path(folder), workflow=ci == "github", schemas=schemas)
    console = invocation.console
    for path in made.written:
        console.result(f"wrote {path}")
    for path in made.kept:
        console.result(f"kept  {path} (it was there)")
    ignore = Path(folder) / ".gitignore"
    if ".gitignore" in made.kept and "state" not in ignore.read_text(encoding="utf-8", errors="replace"):
        console.warn("The state must not be committed. Add this line to .gitignore:\n/state/")
    enter = () if folder == "." else (f"cd {folder}",)
    console.next(*enter, "bonusctl validate", "bonusctl plan", "bonusctl apply")
