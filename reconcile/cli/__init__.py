"""The command line: parses, calls one function of the project layer, turns its result into text and an exit code."""


def main() -> None:
    """The `bonusctl` command."""
    import gc

    # What is imported on the way stays for good: looking through it for garbage every 700 objects takes a tenth of a start,
    # and one look after 20,000 still a twentieth.
    gc.set_threshold(100_000, 20, 20)
    from reconcile.cli.app import run

    run()
