"""The reference of commands is what the commands say."""

from pathlib import Path

import click

from reconcile.cli.app import root
from reconcile.cli.lazy import LazyGroup
from reconcile.cli.reference import reference

DOCS = Path(__file__).parents[2] / "docs" / "commands.md"


def commands(group: LazyGroup, path: str = "bonusctl") -> dict[str, click.Command]:
    """Every command by its whole name."""
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found[f"{path} {name}"] = command
        if isinstance(command, LazyGroup):
            found |= commands(command, f"{path} {name}")
    return found


def test_the_reference_is_up_to_date() -> None:
    """If it is not: `make docs`."""
    assert DOCS.read_text() == reference()


def test_every_command_and_option_stands_in_the_reference() -> None:
    assert isinstance(root, LazyGroup)
    text = DOCS.read_text()
    for name, command in commands(root).items():
        assert f"## `{name}`" in text
        section = text.partition(f"## `{name}`\n")[2].partition("\n## ")[0]
        for option in (param for param in command.params if isinstance(param, click.Option)):
            assert all(flag in section for flag in option.opts), f"{name}: {option.opts}"


def test_every_command_that_is_no_group_has_examples_that_call_it() -> None:
    assert isinstance(root, LazyGroup)
    for name, command in commands(root).items():
        if not isinstance(command, LazyGroup):
            assert name in (command.epilog or ""), name


def test_the_table_of_commands_names_each_command_as_it_names_itself() -> None:
    assert isinstance(root, LazyGroup)
    for name, command in commands(root).items():
        assert command.name in (name.split()[-1], "command"), name
