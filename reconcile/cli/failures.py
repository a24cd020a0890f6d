"""How a command ends when it could not do its work: the text on stderr, the JSON on stdout, the exit code.

Exit codes: 1 error or refusal, 130 interrupted. Wrong usage is 1 as well, since 2 means "there are changes".
"""

from collections.abc import Sequence
from typing import Final

import click

from reconcile.cli.console import Console
from reconcile.cli.invocation import Invocation

ERROR: Final = 1
INTERRUPTED: Final = 130


def report_failure(error: BaseException, *, invocation: Invocation, arguments: Sequence[str]) -> int:
    """Say what went wrong, and return the exit code."""
    console = invocation.console
    console.end_progress()
    console.one_line = _asked_format(arguments) == "jsonl"
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        console.message(error.format_message())
        return ERROR
    if isinstance(error, click.ClickException):
        return _usage(error, console, wants_json(arguments))
    if isinstance(error, click.exceptions.Abort | KeyboardInterrupt | EOFError):
        return _interrupted(console, wants_json(arguments))
    from reconcile.errors import BonusctlError

    if isinstance(error, BonusctlError):
        from reconcile.cli.complaints import complain

        return complain(error, console, as_json=wants_json(arguments))
    from reconcile.cli.crash import report_crash

    return report_crash(error, invocation=invocation, arguments=arguments)


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether the command line asks for JSON, one document or many, also where it could not be parsed."""
    return _asked_format(arguments) in ("json", "jsonl")


def _asked_format(arguments: Sequence[str]) -> str:
    asked = ""
    for before, argument in zip(("", *arguments), arguments, strict=False):
        if argument.startswith("--format="):
            asked = argument.removeprefix("--format=")
        elif before == "--format":
            asked = argument
    return asked


def refusal_document(*, reason: str, error: str, detail: str = "", remedy: str = "") -> dict[str, object]:
    """The JSON of a command that could not do its work."""
    return {"format_version": 1, "reason": reason, "error": error, "detail": detail, "remedy": remedy}


def _usage(error: click.ClickException, console: Console, as_json: bool) -> int:  # noqa: FBT001 (a pair of outputs)
    text = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        console.message(f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n")
    console.message(f"{console.paint('Error:', 'red')} {text}")
    if as_json:
        console.document(refusal_document(reason="usage", error=text))
    return ERROR


def _interrupted(console: Console, as_json: bool) -> int:  # noqa: FBT001 (a pair of outputs)
    console.message("Interrupted.")
    if as_json:
        console.document(refusal_document(reason="interrupted", error="Interrupted."))
    return INTERRUPTED
