"""`bonusctl state head`."""

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples


@click.command(
    name="head", epilog=examples("bonusctl state head > state.head", 'bonusctl apply --expect-head "$(cat state.head)"')
)
@pass_invocation
def command(invocation: Invocation, /) -> None:
    """Print the newest event as `number:hash`. Kept in git, it proves that a state is not an older or altered one."""
    from reconcile.project.state_ops import require_state
    from reconcile.state.chain import format_head
    from reconcile.state.reader import open_reader

    project = invocation.load_project()
    with open_reader(project.state_path) as reader:
        invocation.console.result(format_head(require_state(project, reader).head()))
