"""`bonusctl init`."""

from typing import TYPE_CHECKING

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.cli.console import Console
    from reconcile.scaffold.writer import Made


@click.command(
    epilog=examples(
        "bonusctl init",
        "bonusctl init bonuses --ci none",
        "bonusctl init --ci github --source OWNER/bonusctl@COMMIT",
        "bonusctl init --ci gitlab",
    ),
)
@click.argument("folder", metavar="[DIR]", default=".")
@click.option(
    "--ci",
    type=click.Choice(("github", "gitlab", "none")),
    default="github",
    show_default=True,
    help="Whose workflow is written: plans on pull requests, pays on the main branch.",
)
@click.option(
    "--source",
    "source_text",
    metavar="WHERE@COMMIT",
    default="",
    help="Where the workflow gets bonusctl from: OWNER/NAME on GitHub, or https://HOST/PATH, and a whole commit. Known "
    "by itself where pip installed bonusctl from a repository.",
)
@pass_invocation
def command(invocation: Invocation, /, folder: str, ci: str, source_text: str) -> None:
    """Make a working project in DIR: a config on the emulator, an example spec with a data file, JSON Schemas for
    editors, .gitignore and a CI workflow. A file that is there already is never overwritten.
    """
    from pathlib import Path

    from reconcile.scaffold.source import UNKNOWN, installed_source, parse_source
    from reconcile.scaffold.writer import WORKFLOWS, make_project, repository_above
    from reconcile.spec.schema import config_schema, spec_schema

    source = parse_source(source_text) if source_text else installed_source()
    schemas = {"spec.schema.json": spec_schema(), "config.schema.json": config_schema()}
    made = make_project(Path(folder), schemas=schemas, ci=ci, source=source or UNKNOWN)
    console = invocation.console
    _report(console, made)
    ignore = Path(folder) / ".gitignore"
    if ".gitignore" in made.kept and "state" not in ignore.read_text(encoding="utf-8", errors="replace"):
        console.warn("The state must not be committed. Add this line to .gitignore:\n/state/")
    if ci in WORKFLOWS and WORKFLOWS[ci][0] in made.written:
        _about_workflow(console, WORKFLOWS[ci][0], known=source is not None)
    top = repository_above(Path(folder))
    if top is not None:
        _about_repository(console, top, Path(folder).resolve().relative_to(top), ci)
    enter = () if folder == "." else (f"cd {folder}",)
    console.next(*enter, "bonusctl validate", "bonusctl plan", "bonusctl apply")


def _report(console: "Console", made: "Made") -> None:
    for path in made.written:
        console.result(f"wrote {path}")
    for path in made.kept:
        console.result(f"kept  {path} (it was there)")


def _about_repository(console: "Console", top: "Path", below: "Path", ci: str) -> None:
    """What it means that the project is a folder of a larger git repository."""
    moving = {
        "github": f"GitHub reads workflows at its top alone: move .github/workflows/bonusctl.yml there, and add to it\n"
        f"defaults:\n  run:\n    working-directory: {below}",
        "gitlab": f"GitLab reads .gitlab-ci.yml at its top alone: include {below}/.gitlab-ci.yml there, end `before_script` "
        f"with `cd {below}`, and let the paths of the artifacts begin with `{below}/`.",
    }
    console.warn(
        f"{below} lies in the git repository {top}."
        + (f" {moving[ci]}" if ci in moving else "")
        + f"\nRuns are recorded with that repository's commits. For a project of its own: git init {below.name}"
    )


def _about_workflow(console: "Console", path: str, *, known: bool) -> None:
    """What a workflow needs that no file can bring: settings, and the place of bonusctl where it is not known."""
    console.say(f"\nBefore the first merge: the settings that {path} lists at its head, explained in docs/ci.md.")
    if not known:
        console.say(
            f"{path} does not know yet where CI gets bonusctl from. Put the repository and the commit in the place of "
            "OWNER/bonusctl and the zeros in it; without that its jobs fail and pay nothing."
        )
