"""Secrets do not leave: whatever is logged, or written about a crash, is first rid of every known secret by value.

The wrapper of a secret keeps it out of our own texts; this is the second wall, for texts of libraries and servers.
"""

import logging
import traceback
from collections.abc import Callable, Iterable
from typing import Final

from reconcile.providers.secrets import MASK, Secret

# Filters of a logger see only what is logged on that very logger, so each one that logs requests is named.
LOGGERS: Final = (
    "httpx",
    "httpcore",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)


class Redactor:
    """Replaces every spelling of the secrets it knows by `***`. Secrets can be added while it is in use."""

    __slots__ = ("_spellings",)

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._spellings: tuple[str, ...] = ()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: Secret) -> None:
        """Know one more secret."""
        known = {*self._spellings, *secret.spellings()}
        self._spellings = tuple(sorted(known, key=lambda text: (-len(text), text)))

    def clean(self, text: str) -> str:
        """`text` without any secret."""
        for spelling in self._spellings:
            text = text.replace(spelling, MASK)
        return text

    def traceback(self, error: BaseException) -> str:
        """The traceback of a crash, without local variables and without any secret."""
        return self.clean("".join(traceback.format_exception(error)))

    def __repr__(self) -> str:
        return f"Redactor({len(self._spellings)} spellings)"


class RedactingFilter(logging.Filter):
    """Lets every record pass, rid of secrets: message, arguments, exception and stack."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean `record` in place."""
        clean = self._redactor.clean
        record.msg = clean(_message(record))
        record.args = None
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = self._redactor.traceback(record.exc_info[1])
        elif record.exc_text:
            record.exc_text = clean(record.exc_text)
        # The text says it all; the live exception would let a handler format it anew.
        record.exc_info = None
        if record.stack_info:
            record.stack_info = clean(record.stack_info)
        return True


def install(redactor: Redactor) -> Callable[[], None]:
    """Redact what is logged from now on: on the root logger, its handlers, and the loggers of the HTTP libraries.

    Call it after the handlers are set up. Returns what takes it back.
    """
    filter_ = RedactingFilter(redactor)
    root = logging.getLogger()
    places: list[logging.Filterer] = [root, *root.handlers, *(logging.getLogger(name) for name in LOGGERS)]
    for place in places:
        place.addFilter(filter_)

    def uninstall() -> None:
        for place in places:
            place.removeFilter(filter_)

    return uninstall


def _message(record: logging.LogRecord) -> str:
    """The message with its arguments; a record that does not format must not end the program."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} {record.args}"
