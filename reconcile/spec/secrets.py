"""Tells tokens, keys and passwords by their look or by the name they stand under, so that they are never repeated.

A secret in a config or a spec has reached everybody who reads the repository: that is an error which names the place.
The line itself is never shown again, neither in that diagnostic nor in any other about the same line.
"""

import re
from typing import Final

# The name of a key under which nothing but a secret stands.
_KEY: Final = re.compile(
    r"(?:.*[_-])?(?:token|secret|password|passwd|pass|credentials?|api_?key|apikey|access_?key|secret_?key|private_?key"
    r"|access_?key_?id|secret_?access_?key|authorization|auth)",
    re.IGNORECASE,
)
# Toloka's ApiKey (two dots, a first part of 22 to 24 characters), its headers, AWS's key ids, a password in a URL.
_VALUE: Final = re.compile(
    r"(?<![\w.-])[A-Za-z0-9_-]{22,24}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}(?![\w-])"
    r"|(?<!\w)(?:OAuth|ApiKey|Bearer)\s+[A-Za-z0-9_.~+/=-]{16,}"
    r"|(?<![A-Z0-9])A(?:KIA|SIA)[0-9A-Z]{12,}"
    r"|://[^\s/@:]+:[^\s/@]+@"
)
_IN_LINE: Final = re.compile(r"""(?<![A-Za-z_-])([A-Za-z_-]++)["']?\s*+[:=]\s*+["']?[^\s"'#]""")
_BYTES: Final = re.compile(_VALUE.pattern.encode())
# Each begins with one literal letter, for which the search leaps ahead: the bytes of a large spec pass through here.
_HINTS: Final = tuple(re.compile(hint) for hint in (rb"K(?=IA|ey\s)", rb"O(?=Auth\s)", rb"B(?=earer\s)", rb"S(?=IA)"))

ADVICE: Final = (
    "Take it out of the file and out of git's history, have it replaced, and give it to bonusctl in an environment "
    "variable (`token_env` names it)."
)


def is_secret_key(name: str) -> bool:
    """Whether a key by this name holds a secret (`token`, `api_key`, `db_password`)."""
    return _KEY.fullmatch(name) is not None


def looks_secret(text: str) -> bool:
    """Whether `text` holds something with the look of a secret."""
    return _VALUE.search(text) is not None


def shows_secret(line: str) -> bool:
    """Whether a line of a file must not be repeated in a message."""
    return looks_secret(line) or any(is_secret_key(name) for name in _IN_LINE.findall(line))


def find_in_bytes(data: bytes) -> int:
    """Where in `data` a header's token or an AWS key id begins, -1 for nowhere. Fast where there is none."""
    if not any(hint.search(data) for hint in _HINTS):
        return -1
    match = _BYTES.search(data)
    return match.start() if match else -1
