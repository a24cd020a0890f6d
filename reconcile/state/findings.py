"""What a verification finds, one thing each."""

from typing import Final, NamedTuple

FINDINGS_MAX: Final = 100


class Finding(NamedTuple):
    """One thing that is not as the events make it. `key` and `column` are "" where the whole table or row is meant."""

    table: str
    key: str
    column: str
    expected: str
    found: str


class Findings:
    """Takes findings, and keeps the first hundred."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def add(self, table: str, key: object, column: str, expected: object, found: object) -> None:
        """One more."""
        if len(self.found) < FINDINGS_MAX:
            self.found.append(Finding(table, text_of(key), column, text_of(expected), text_of(found)))


def text_of(value: object) -> str:
    """A value of a table, or several, as a person reads them."""
    match value:
        case None:
            return "null"
        case bytes():
            return value.hex()
        case tuple():
            return ", ".join(text_of(part) for part in value)
        case _:
            return str(value)
