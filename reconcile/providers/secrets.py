"""Where a token comes from, and the wrapper that keeps it out of everything that is shown or stored.

A token comes from an environment variable, from a file that only its owner may read, or from a command of the user's
keyring; never from an argument, a spec or the config. It is refused where it could not stand in a header, and no
message repeats any of it.
"""

import os
import re
import stat
import subprocess
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote, quote_plus

from reconcile.errors import ProviderError
from reconcile.settings import ProviderSettings

MASK: Final = "***"
COMMAND_TIMEOUT_S: Final = 30

_FILE_SIZE_MAX: Final = 8192
# What a header value can hold without any quoting: visible ASCII, no blanks.
_PRESENTABLE: Final = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)
# Shorter texts are ordinary words: masking them would blacken everything.
_SPELLED_MIN: Final = 4
_ENCODED_MIN: Final = 8


class Secret:
    """A token that shows itself as `***` wherever it is printed, formatted, pickled, copied or serialized."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The token itself: for the one place that makes the header of a request."""
        return self.__value

    def spellings(self) -> tuple[str, ...]:
        """The texts that would give the token away, longest first: itself, base64 at any offset, URL-quoted, and as
        servers write it into JSON.
        """
        return _spellings(self.__value)

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __reduce__(self) -> tuple[type["Secret"], tuple[str]]:
        return Secret, (MASK,)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "Secret":
        return self


# The embedded emulator asks for no token; this text stands in its place and is worth nothing.
EMULATOR_TOKEN: Final = "not-a-secret:the-emulator-needs-none"  # noqa: S105


class CommandResult(NamedTuple):
    """What a keyring command left: its exit code and its standard output."""

    code: int
    output: str


CommandRunner = Callable[[Sequence[str]], CommandResult]


def find_token(settings: ProviderSettings, environ: Mapping[str, str], runner: CommandRunner | None = None) -> Secret:
    """The token for a provider: from the environment, else from `token_file`, else from `token_command`.

    The emulator's is a fixed text. Raises ProviderError with reason `no_token` where there is none, or where what was
    found is no token; the message never repeats it.
    """
    if settings.environment == "emulator":
        return Secret(EMULATOR_TOKEN)
    if environ.get(settings.token_env, ""):
        return _checked(environ[settings.token_env], f"the environment variable {settings.token_env}", settings)
    if settings.token_file:
        return _checked(_from_file(Path(settings.token_file).expanduser(), settings), "the token file", settings)
    if settings.token_command:
        return _checked(_from_command(settings, runner or run_command), "what token_command printed", settings)
    raise _no_token(
        f"no token for provider {settings.name}",
        f"The environment variable {settings.token_env} is not set, and the config names no token_file or token_command.",
        settings,
    )


def run_command(arguments: Sequence[str]) -> CommandResult:
    """Run a keyring command without a shell; raises OSError or subprocess.TimeoutExpired where it cannot."""
    done = subprocess.run(  # noqa: S603 (the user's own command, from their config)
        list(arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=COMMAND_TIMEOUT_S,
        check=False,
    )
    return CommandResult(done.returncode, done.stdout.decode("utf-8", "replace"))


def _from_file(path: Path, settings: ProviderSettings) -> str:
    """The first line of a regular file of ours that nobody else may read."""
    try:
        # Not following links and not waiting: a link could lead elsewhere, a pipe could hang.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as exc:
        raise _no_token(f"the token file cannot be read: {path}", f"{exc.strerror}.", settings) from None
    try:
        _check_file(path, os.fstat(handle), settings)
        raw = os.read(handle, _FILE_SIZE_MAX + 1)
    finally:
        os.close(handle)
    if len(raw) > _FILE_SIZE_MAX:
        raise _no_token(f"the token file is longer than {_FILE_SIZE_MAX} bytes: {path}", "", settings)
    return _without_line_end(raw.decode("utf-8", "replace"))


def _check_file(path: Path, found: os.stat_result, settings: ProviderSettings) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _no_token(f"the token file is no regular file: {path}", "", settings)
    if found.st_uid != os.geteuid():
        raise _no_token(f"the token file belongs to another user: {path}", "", settings)
    if found.st_mode & 0o077:
        raise ProviderError(
            f"others may read the token file: {path}",
            detail=f"Its mode is {stat.S_IMODE(found.st_mode):04o}; a token file is for its owner alone.",
            remedy=f"chmod 600 {path}",
            reason="no_token",
        )


def _from_command(settings: ProviderSettings, runner: CommandRunner) -> str:
    try:
        result = runner(settings.token_command)
    except (OSError, subprocess.SubprocessError) as exc:
        raise _no_token("token_command could not be run", f"{type(exc).__name__}.", settings) from None
    if result.code != 0:
        raise _no_token(f"token_command ended with exit code {result.code}", "Its output was not used.", settings)
    return _without_line_end(result.output)


def _without_line_end(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def _checked(value: str, source: str, settings: ProviderSettings) -> Secret:
    if not _PRESENTABLE.fullmatch(value):
        what = "is empty" if not value else "is no token"
        detail = (
            ""
            if not value
            else "A token is one line of visible ASCII characters, without blanks or control characters."
        )
        raise _no_token(f"{source} {what}", detail, settings)
    return Secret(value)


def _no_token(summary: str, detail: str, settings: ProviderSettings) -> ProviderError:
    remedy = f"Put the token into the environment of this shell:\nexport {settings.token_env}=…"
    return ProviderError(summary, detail=detail, remedy=remedy, reason="no_token")


def _spellings(value: str) -> tuple[str, ...]:
    if len(value) < _SPELLED_MIN:
        return ()
    found = {value, repr(value)[1:-1], quote(value, safe=""), quote_plus(value), quote(value)}
    found |= {re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), text) for text in found}
    # Some JSON writers escape the slash, some whatever HTML could take for its own.
    found |= {value.replace("/", "\\/"), re.sub("[=&<>']", lambda match: f"\\u{ord(match[0]):04x}", value)}
    if len(value) >= _ENCODED_MIN:
        raw = value.encode()
        for encode in (b64encode, urlsafe_b64encode):
            found |= {_inner_base64(encode, raw, offset) for offset in range(3)}
    return tuple(sorted(found, key=lambda text: (-len(text), text)))


def _inner_base64(encode: Callable[[bytes], bytes], raw: bytes, offset: int) -> str:
    """The part of base64 that depends on `raw` alone where it stands `offset` bytes (mod 3) into the encoded text."""
    encoded = encode(bytes(offset) + raw).decode().rstrip("=")
    first = (0, 2, 3)[offset]
    # A group of less than three bytes at the end mixes with what follows: its last character is not ours alone.
    last = len(encoded) if (offset + len(raw)) % 3 == 0 else len(encoded) - 1
    return encoded[first:last]
