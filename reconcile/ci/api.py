"""GitHub's REST interface: JSON over the same wire as the providers' requests.

https alone (http for loopback), no redirect followed, bodies bounded, the token in no text. A read that was lost or
met a passing fault is tried once more; what writes is sent once.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from reconcile import redaction
from reconcile.ci.event import field
from reconcile.errors import UsageError
from reconcile.providers.base import Ticket, WireRequest, WireResponse
from reconcile.providers.endpoint import EndpointError, parse_endpoint
from reconcile.providers.http import HttpWire, WireOptions
from reconcile.providers.secrets import Secret
from reconcile.providers.strict_json import JsonError, parse_json
from reconcile.redaction import Redactor

TOKEN_VARIABLE: Final = "GITHUB_TOKEN"  # noqa: S105 (the variable's name)
PUBLIC_URL: Final = "https://api.github.com"
TIMEOUT_S: Final = 30

_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)
_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*", re.ASCII)
_PAUSE_S: Final = 1
_MESSAGE_MAX: Final = 200


class ApiProblem(Exception):
    """A request that did not do its work; `str()` says why, in one sentence. `status` is 0 where no answer came."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class Api:
    """Requests to one GitHub server. `prefix` is the path before every target, "" on github.com."""

    def __init__(self, wire: HttpWire, prefix: str) -> None:
        self._wire = wire
        self._prefix = prefix

    def get(self, target: str) -> object:
        """The value at a path. Raises ApiProblem."""
        try:
            return self._call("GET", target)
        except ApiProblem as problem:
            if 0 < problem.status < 500:
                raise
        time.sleep(_PAUSE_S)
        return self._call("GET", target)

    def send(self, method: str, target: str, value: Mapping[str, object]) -> object:
        """POST or PATCH a value, once; returns the answer's. Raises ApiProblem."""
        return self._call(method, target, json.dumps(value).encode())

    def _call(self, method: str, target: str, body: bytes = b"") -> object:
        self._wire.start(Ticket(0, WireRequest(method, self._prefix + target, body), fenced=False))
        results = self._wire.wait(TIMEOUT_S + 5)
        what = f"{method} {target.partition('?')[0]}"
        if not results:
            raise ApiProblem(f"GitHub gave no answer to {what} in time.")
        answer = results[0][1]
        if not isinstance(answer, WireResponse):
            raise ApiProblem(f"GitHub gave no answer to {what}: {answer.reason}.")
        if not 200 <= answer.status < 300:
            raise ApiProblem(f"GitHub answered {answer.status} to {what}{_said(answer.body)}.", answer.status)
        try:
            return parse_json(answer.body)
        except JsonError as error:
            raise ApiProblem(f"GitHub's answer to {what} cannot be read: {error}.") from error


@contextmanager
def open_api(environ: Mapping[str, str]) -> Iterator[Api]:
    """The server that GITHUB_API_URL names, with the token in GITHUB_TOKEN.

    Raises UsageError where there is no token, or the address is none that a token is sent to.
    """
    url = environ.get("GITHUB_API_URL") or PUBLIC_URL
    secret = Secret(_token(environ))
    redactor = Redactor((secret,))
    try:
        parts = urlsplit(url)
        prefix = parts.path.rstrip("/")
        endpoint = parse_endpoint(url.removesuffix(parts.path) if prefix else url)
    except (EndpointError, ValueError) as error:
        raise UsageError(f"GITHUB_API_URL is no address that a token is sent to: {error}") from None
    if not _PREFIX.fullmatch(prefix):
        raise UsageError("GITHUB_API_URL is no address that a token is sent to: its path is not plain")
    options = WireOptions(
        endpoint=endpoint,
        authorization=lambda: f"Bearer {secret.reveal()}",
        fence=lambda: "",
        boottime_ms=lambda: time.monotonic_ns() // 1_000_000,
        clean=redactor.clean,
        slots=1,
        timeout_s=TIMEOUT_S,
    )
    uninstall = redaction.install(redactor)
    wire = HttpWire(options)
    try:
        yield Api(wire, prefix)
    finally:
        wire.close()
        uninstall()


def _token(environ: Mapping[str, str]) -> str:
    token = environ.get(TOKEN_VARIABLE, "")
    if not _TOKEN.fullmatch(token):
        raise UsageError(
            f"{TOKEN_VARIABLE} is {'no token' if token else 'not set'}",
            remedy=f"Give it to this step alone:\nenv:\n  {TOKEN_VARIABLE}: ${{{{ github.token }}}}",
        )
    return token


def _said(body: bytes) -> str:
    """The server's own message, shortened; "" where there is none."""
    try:
        message = field(parse_json(body), "message")
    except JsonError:
        return ""
    return f": {message[:_MESSAGE_MAX].rstrip('.')}" if isinstance(message, str) and message else ""
