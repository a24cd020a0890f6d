"""The reference of all commands as Markdown, made from the commands themselves: `docs/commands.md`.

`python -m reconcile.cli.reference > docs/commands.md` writes it anew; a test compares the two.
"""

import os
import re
from collections.abc import Iterator
from typing import Final

import click

from reconcile.cli.app import root
from reconcile.cli.console import Console
from reconcile.cli.lazy import LazyGroup

_HEAD: Final = """# Commands

Made from the commands' own help by `make docs`. Results go to stdout, everything else to stderr.

| exit code | means |
| --- | --- |
| 0 | done (`plan`: also when there are changes) |
| 1 | error or refusal; with `--format json` the document on stdout carries the `reason` |
| 2 | `plan --detailed-exitcode` alone: there are changes |
| 3 | apply ended, and something desired is left: rejected, in conflict, in doubt, not approved, out of quota or funds |
| 130 | interrupted |
"""


def reference() -> str:
    """The whole document."""
    return _HEAD + "".join(_command(click.Context(root, info_name="bonusctl", **root.context_settings)))


def _command(ctx: click.Context) -> Iterator[str]:
    command = ctx.command
    yield f"\n## `{ctx.command_path}`\n\n"
    yield f"```\n{ctx.command_path} {' '.join(command.collect_usage_pieces(ctx))}\n```\n\n"
    yield f"{_paragraphs(command.help or '')}\n"
    options = [_option(param, ctx) for param in command.get_params(ctx) if isinstance(param, click.Option)]
    yield "\n| option | |\n| --- | --- |\n" + "".join(f"| {names} | {text} |\n" for names, text in options)
    examples = _examples(command.epilog or "")
    if examples:
        yield f"\n```console\n{examples}\n```\n"
    if isinstance(command, LazyGroup):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            assert inner is not None
            yield from _command(click.Context(inner, info_name=name, parent=ctx))


def _option(option: click.Option, ctx: click.Context) -> tuple[str, str]:
    record = option.get_help_record(ctx)
    assert record is not None, f"{ctx.command_path} {option.name} has no help"
    names, text = record
    return f"`{names.replace('|', ', ')}`", text.replace("|", ", ")


def _paragraphs(text: str) -> str:
    """Each paragraph on one line."""
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text))


def _examples(epilog: str) -> str:
    return "\n".join(line.strip() for line in epilog.splitlines() if line.strip().startswith("$"))


if __name__ == "__main__":
    Console(environ=os.environ).result(reference())
