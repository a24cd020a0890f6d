"""A program of click's with one command that does nothing."""

import click


@click.command()
@click.version_option("1.0")
@click.option("--name", help="A name.")
def main(name: str) -> None:
    """Do nothing."""


main()
