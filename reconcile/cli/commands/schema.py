"""`bonusctl schema`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples


@click.command(epilog=examples("bonusctl schema", "bonusctl schema config > .bonusctl/config.schema.json"))
@click.argument("what", metavar="[spec|config]", type=click.Choice(("spec", "config")), default="spec")
@pass_invocation
def command(invocation: Invocation, /, what: str) -> None:
    """Print the JSON Schema (draft 7) of specs, or of the config, for editors."""
    from reconcile.spec.schema import config_schema, spec_schema

    invocation.console.document(spec_schema() if what == "spec" else config_schema())
