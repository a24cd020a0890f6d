"""`bonusctl completion`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples

_SHELLS = ("bash", "zsh", "fish")


@click.command(
    epilog=examples(
        'eval "$(bonusctl completion bash)"',
        'eval "$(bonusctl completion zsh)"',
        "bonusctl completion fish > ~/.config/fish/completions/bonusctl.fish",
    ),
)
@click.argument("shell", metavar="[bash|zsh|fish]", type=click.Choice(_SHELLS), required=False)
@pass_invocation
def command(invocation: Invocation, /, shell: str | None) -> None:
    """Print the completion script of a shell, by default the one in SHELL."""
    from click.shell_completion import get_completion_class

    from reconcile.cli.app import root
    from reconcile.errors import UsageError

    named = shell or invocation.environ.get("SHELL", "").rpartition("/")[2]
    maker = get_completion_class(named) if named in _SHELLS else None
    if maker is None:
        raise UsageError("Which shell?", remedy="bonusctl completion bash")
    invocation.console.result(maker(root, {}, "bonusctl", "_BONUSCTL_COMPLETE").source())
