"""The words of any provider's answer, made fit to be kept and shown: messages clipped, names of requests checked."""

import re
from typing import Final

MESSAGE_LENGTH_MAX: Final = 300
_REQUEST_ID: Final = re.compile(r"[\x21-\x7e]{1,100}", re.ASCII)


def clip(text: str) -> str:
    """A provider's text, at most 300 characters."""
    return text if len(text) <= MESSAGE_LENGTH_MAX else text[: MESSAGE_LENGTH_MAX - 1] + "…"


def request_id_of(text: str | None) -> str:
    """The provider's name for a request; "" where it gave none, or one that is no name."""
    return text if text is not None and _REQUEST_ID.fullmatch(text) else ""
