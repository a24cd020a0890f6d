"""Diagnostics: what is wrong in a file, as values with a place.

A spec, a data file or a config never raises for its contents: it gives diagnostics, all of a run, and the command
line turns them into text, JSON or GitHub annotations.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

ERRORS_SHOWN_MAX: Final = 1000


class Severity(StrEnum):
    """How much a diagnostic weighs: an error refuses, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Place(NamedTuple):
    """A place in a file. `path` as the user would type it; `line` and `column` count from 1, 0 means the whole file."""

    path: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding. `code` is a stable name (`amount-sign`); `source` is the offending line, "" where none is shown.

    `summary` is one line without a full stop; `detail` says what is wrong and why it matters; `hint` what to do.
    `mentions`: recipient and assignment ids in these texts that no row of the plan has, so that masking finds them.
    """

    severity: Severity
    code: str
    summary: str
    detail: str = ""
    hint: str = ""
    place: Place | None = None
    source: str = ""
    mentions: tuple[str, ...] = ()


@dataclass(slots=True)
class Diagnostics:
    """Collects diagnostics in the order they are found. Past a thousand errors, further ones are only counted."""

    found: list[Diagnostic] = field(default_factory=list)
    errors: int = 0
    left_out: int = 0

    def add(self, diagnostic: Diagnostic) -> None:
        """Take one finding."""
        if diagnostic.severity is Severity.ERROR:
            self.errors += 1
        if len(self.found) >= ERRORS_SHOWN_MAX:
            self.left_out += 1
        else:
            self.found.append(diagnostic)

    def error(
        self, code: str, summary: str, *, detail: str = "", hint: str = "", place: Place | None = None, source: str = ""
    ) -> None:
        """Take an error."""
        self.add(
            Diagnostic(
                severity=Severity.ERROR,
                code=code,
                summary=summary,
                detail=detail,
                hint=hint,
                place=place,
                source=source,
            )
        )

    def warning(
        self, code: str, summary: str, *, detail: str = "", hint: str = "", place: Place | None = None, source: str = ""
    ) -> None:
        """Take a warning."""
        self.add(
            Diagnostic(
                severity=Severity.WARNING,
                code=code,
                summary=summary,
                detail=detail,
                hint=hint,
                place=place,
                source=source,
            )
        )

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.found)
