"""The command line: parses, calls one function of the project layer, turns its result into text and an exit code."""


def main() -> None:
    """The `bonusctl` command."""
    from reconcile.cli.app import run

    run()
