"""`bonusctl emulator`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples


@click.command(
    epilog=examples(
        "bonusctl emulator",
        "bonusctl emulator --port 8765 --db state/emulator.db",
        "bonusctl emulator --set latency-ms=20 --set daily-limit=100",
    ),
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
@click.option("--db", metavar="FILE", default="emulator.db", show_default=True, help="The emulator's own ledger.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Another option of it: latency-ms, balance, fault …"
)
@pass_invocation
def command(invocation: Invocation, /, host: str, port: int, db: str, settings: tuple[str, ...]) -> None:
    """Run the embedded provider as a server of its own: Toloka's bonus API under /api/v1, Mechanical Turk's under /, and
    a page at / that shows what was paid. No money moves. Ends with Ctrl-C.
    """
    from reconcile.emulator.faults import FaultError
    from reconcile.emulator.options import OptionError, parse_options
    from reconcile.emulator.server import serve
    from reconcile.errors import UsageError

    arguments = ["--host", host, "--port", str(port), "--db", db]
    for setting in settings:
        name, _, value = setting.partition("=")
        arguments += [f"--{name}", value]
    try:
        options = parse_options(arguments, dict(invocation.environ))
        serve(options, lambda endpoint: invocation.console.result(f"listening on {endpoint}"))
    except (OptionError, FaultError, OSError) as error:
        raise UsageError(f"The emulator cannot run: {error}", remedy="bonusctl emulator --help") from error
