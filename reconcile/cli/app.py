"""The root command: global options, the table of commands, and one exit for every way in which a command can end."""

import gc
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from reconcile.cli.catalog import COMMANDS
from reconcile.cli.invocation import Invocation
from reconcile.cli.lazy import LazyGroup

INTERRUPTED: Final = 130
INTERRUPTED_S: Final = 2.0
"""How long an interrupted run waits for who reads its lines."""


def run() -> None:
    """The process: run the command line and leave with its exit code."""
    code = execute(sys.argv[1:])
    # The end frees everything; it need not be searched for cycles before.
    gc.freeze()
    sys.exit(code)


def execute(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code and never raises."""
    invocation = Invocation(os.environ)
    code = _execute(invocation, arguments)
    console = invocation.console
    try:
        # Who interrupted a run does not wait for a reader that stands still.
        written = console.finish(INTERRUPTED_S if code == INTERRUPTED else None)
    except KeyboardInterrupt:
        code, written = INTERRUPTED, False
    if not written:
        # The thread that writes cannot be ended otherwise. Nothing else is under way.
        os._exit(code)
    return 1 if console.broken and code in (0, 2) else code


def _execute(invocation: Invocation, arguments: Sequence[str]) -> int:
    try:
        code = root.main(args=list(arguments), prog_name="bonusctl", standalone_mode=False, obj=invocation)
    except SystemExit as end:  # completion ends the process by itself
        return end.code if isinstance(end.code, int) else 1
    except BaseException as error:  # noqa: BLE001 (the last line of defence: a person gets a sentence, no traceback)
        from reconcile.cli.failures import report_failure

        return report_failure(error, invocation=invocation, arguments=arguments)
    return code if isinstance(code, int) else 0


def _show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 (click's shape)
    if value and not ctx.resilient_parsing:
        from reconcile.cli.versions import version_text

        ctx.ensure_object(Invocation).console.result(version_text())
        ctx.exit()


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="`bonusctl COMMAND --help` shows a command's options and examples.",
)
@click.option("-C", "folder", metavar="DIR", default="", help="Run as if started in DIR.")
@click.option("--config", metavar="FILE", default="", help="The config, instead of the nearest bonusctl.yaml.")
@click.option("--no-color", is_flag=True, help="No colour. The NO_COLOR variable says the same.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no hints.")
@click.option("-v", "--verbose", count=True, help="More detail on stderr.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Versions, and leave."
)
@click.pass_context
def root(ctx: click.Context, /, **options: Any) -> None:
    """Plan and apply for the bonuses of crowd workers: specs in git say who should have received what, and every
    bonus is paid exactly once.
    """
    ctx.ensure_object(Invocation).configure(
        config=options["config"],
        no_color=options["no_color"],
        verbosity=-1 if options["quiet"] else options["verbose"],
    )
    if options["folder"]:
        _enter(ctx, options["folder"])


def _enter(ctx: click.Context, folder: str) -> None:
    before = os.getcwd()  # noqa: PTH109 (pathlib is not worth its import on the way to --help)
    try:
        os.chdir(folder)
    except OSError as error:
        raise click.UsageError(f"-C {folder}: {error.strerror}.", ctx) from error
    ctx.call_on_close(lambda: os.chdir(before))
