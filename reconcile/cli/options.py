"""Options that several commands share, each defined once."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def format_option(*formats: str) -> Callable[[F], F]:
    """`--format`, with the first of `formats` as its default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How the result is written to stdout.",
    )


def target_option(function: F) -> F:
    """`--target ADDRESS`, repeatable."""
    return click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="ADDRESS",
        help="Only this bonus: campaign/recipient[/assignment_id][#key]. May be given several times.",
    )(function)


def examples(*lines: str) -> str:
    """The end of a command's help: its examples, kept as they are."""
    return "\n".join(("\b", "Examples:", *(f"  $ {line}" for line in lines)))
