"""`bonusctl ci`."""

import click

from reconcile.cli.catalog import CI_COMMANDS
from reconcile.cli.lazy import LazyGroup


@click.group(cls=LazyGroup, entries=CI_COMMANDS)
def command() -> None:
    """The steps of a workflow on GitHub Actions: the plan on its pull request, and the digest that a merge approved.

    Both need GITHUB_TOKEN in the step's environment, and the variables that every runner sets.
    """
