"""What the pages show is what the commands print, and what they say to type exists. `make screens` writes them anew."""

import os
import re
import shlex
from pathlib import Path

import click
import pytest

from reconcile.cli.app import root
from reconcile.cli.lazy import LazyGroup
from tests.screens.pages import TOP, Block, blocks, screens, write_screen
from tests.screens.scenes import SCENES

BLOCKS = blocks()
TYPED = sorted({(block.page, command) for block in BLOCKS for command in block.commands})
CALLS = [pytest.param(command, id=f"{page}: {command}") for page, command in TYPED if command.startswith("bonusctl ")]
SHOWS_OUTPUT = ("console", "text", "markdown")


@pytest.mark.parametrize("name", SCENES)
def test_a_screen_is_what_its_commands_print(name: str, tmp_path: Path) -> None:
    page, stands = screens()[name]
    made = SCENES[name](tmp_path)
    if os.environ.get("BONUSCTL_WRITE_SCREENS"):
        write_screen(page, name, made)
    else:
        assert stands == made


def test_every_screen_has_a_scene() -> None:
    assert set(screens()) == set(SCENES)


def test_every_block_with_output_is_a_screen() -> None:
    loose = [block for block in BLOCKS if block.language in SHOWS_OUTPUT and not block.screen and block.output]
    assert loose == []


def test_every_block_with_a_prompt_is_marked_as_a_console() -> None:
    assert [block for block in BLOCKS if block.commands and block.language != "console"] == []


@pytest.mark.parametrize("typed", CALLS)
def test_a_command_to_type_exists_with_its_options(typed: str) -> None:
    words = shlex.split(re.split(r" && | \| | > ", typed)[0], comments=True)[1:]
    command = called(words)
    known = {option for param in [*command.params, *root.params] for option in (*param.opts, *param.secondary_opts)}
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= known


def called(words: list[str]) -> click.Command:
    """The command that these words call. `-C DIR` and its like may stand before it."""
    command: click.Command = root
    names = iter(words)
    for word in names:
        if not isinstance(command, LazyGroup):
            break
        if word in {"-C", "--config"}:
            next(names)
        elif not word.startswith("-"):
            found = command.get_command(click.Context(command), word)
            assert found is not None, f"there is no command {word}"
            command = found
    assert not isinstance(command, LazyGroup), words
    return command


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.MULTILINE))
    named = {command.split()[1] for _, command in TYPED if command.startswith("make ")}
    assert named <= targets


def test_nothing_is_to_be_typed_that_these_tests_do_not_know() -> None:
    """Programs beside ours: each is looked at by its own test, or is everybody's."""
    known = {"bonusctl", "make", "pip", "export", ".venv/bin/python", "python"}
    assert {command.split()[0] for _, command in TYPED} <= known


def test_what_is_typed_is_told_from_what_is_printed() -> None:
    """The reading of blocks: a line that goes on, a remark, an output."""
    block = Block("x", "console", "$ bonusctl plan \\\n    --refresh   # a remark\nPlan\n\n$ make demo\n", "")
    assert [" ".join(command.split()) for command in block.commands] == ["bonusctl plan --refresh", "make demo"]
    assert block.output == ["Plan"]
