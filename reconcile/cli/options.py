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


def mask_option(function: F) -> F:
    """`--mask-recipients`."""
    return click.option(
        "--mask-recipients",
        "masked",
        is_flag=True,
        help="Show keyed hashes in the place of recipients and assignments. The key: BONUSCTL_MASK_KEY, or a file "
        "beside the state that the first use makes.",
    )(function)


def max_chars_option(function: F) -> F:
    """`--max-chars N`, for the formats that are written for reviewers."""
    return click.option(
        "--max-chars",
        type=click.IntRange(min=4_000),
        metavar="N",
        help="At most so many characters: rows past that are counted, not shown. Markdown: 65536 unless said "
        "otherwise; HTML: whole.",
    )(function)


def login_option(function: F) -> F:
    """`--login NAME`, for the steps of a workflow on GitHub."""
    return click.option(
        "--login",
        metavar="NAME",
        default="github-actions[bot]",
        show_default=True,
        help="Whose comment is written again and whose status is believed: the account behind GITHUB_TOKEN.",
    )(function)


def branch_options(function: F) -> F:
    """`--branch NAME` and `--remote NAME`: where the state is kept in git."""
    branch = click.option(
        "--branch", metavar="NAME", default="bonusctl-state", show_default=True, help="The branch that holds the state."
    )
    remote = click.option(
        "--remote", metavar="NAME", default="origin", show_default=True, help="A remote of the clone."
    )
    return branch(remote(function))


def examples(*lines: str) -> str:
    """The end of a command's help: its examples, kept as they are."""
    return "\n".join(("\b", "Examples:", *(f"  $ {line}" for line in lines)))
