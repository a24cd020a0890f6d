"""`bonusctl state`."""

import click

from reconcile.cli.catalog import STATE_COMMANDS
from reconcile.cli.lazy import LazyGroup


@click.group(cls=LazyGroup, entries=STATE_COMMANDS)
def command() -> None:
    """Look into the ledger, carry it, decide what no provider can tell."""
