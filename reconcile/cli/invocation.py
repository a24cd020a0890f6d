"""What the command line knows before a command begins: where it was called, with which config, and the console."""

import os
from typing import TYPE_CHECKING

import click

from reconcile.cli.console import Console

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.diagnostics import Diagnostic
    from reconcile.project.config import Project


class Invocation:
    """One call of `bonusctl`. `config` is what `--config` names, "" for none; `project` once it was loaded."""

    def __init__(self, environ: "Mapping[str, str]" = os.environ) -> None:
        self.environ = environ
        self.console = Console(environ=environ)
        self.config = ""
        self.project: Project | None = None

    def configure(self, *, config: str, no_color: bool, verbosity: int) -> None:
        """Take the global options."""
        self.config = config
        self.console = Console(environ=self.environ, no_color=no_color, verbosity=verbosity)

    def load_project(self) -> "Project":
        """Find, read and check the config. Raises InvalidInput with its diagnostics, UsageError if there is none."""
        from pathlib import Path

        from reconcile.project.config import load_project

        self.project = load_project(
            folder=Path.cwd(), config=Path(self.config) if self.config else None, environ=self.environ
        )
        return self.project

    def look_at_project(self) -> "tuple[Project | None, tuple[Diagnostic, ...]]":
        """The project for who only looks, and all that was found in its config. Raises UsageError if there is none."""
        from pathlib import Path

        from reconcile.project.config import load_unbound_project

        self.project, found = load_unbound_project(
            folder=Path.cwd(), config=Path(self.config) if self.config else None, environ=self.environ
        )
        return self.project, found

    def say_if_no_state(self, project: "Project") -> None:
        """Where there is no state, that is not the same as that nothing was paid."""
        if not project.state_path.exists():
            self.console.warn(
                f"There is no state at {project.state_path}: what was paid before is not known here.\n"
                "It comes from the provider (`bonusctl refresh`), or from where your team keeps it (`bonusctl state pull`)."
            )


pass_invocation = click.make_pass_decorator(Invocation)
