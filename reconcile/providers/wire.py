"""The wire between us and a provider, as values: bytes go out, and what became of them comes back."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeAlias


class WireRequest(NamedTuple):
    """A request without its secrets: `target` is path and query, `body` the exact bytes (b"" for none), `headers` what
    the provider's protocol asks for beside it (none: JSON, where there is a body), as (name, value).
    """

    method: str
    target: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class WireResponse(NamedTuple):
    """A complete answer. `headers` are lower-cased names of those we use: date, retry-after, content-type, location,
    x-amzn-requestid.
    """

    status: int
    headers: dict[str, str]
    body: bytes


class NotSent(NamedTuple):
    """Nothing left this host: the name was not found, the connection refused, TLS failed, the send came too late."""

    reason: str


class Lost(NamedTuple):
    """Bytes left this host and no complete answer came: a time-out, a reset, an end in the middle."""

    reason: str


WireResult: TypeAlias = WireResponse | NotSent | Lost


class Ticket(NamedTuple):
    """Names a request in flight. `fenced`: it moves money, so right before its first byte the wire asks the fence, and
    drops it if more than a few seconds have passed since `since_ms`, the boot-time moment at which it was journaled.
    """

    number: int
    request: WireRequest
    fenced: bool
    since_ms: int | None = None


class Wire(Protocol):
    """Requests in flight, many at a time. Never retries, never follows a redirect."""

    @property
    def slots(self) -> int:
        """How many requests may be in flight together."""

    def start(self, ticket: Ticket) -> None:
        """Send a request in the background. At most `slots` may be under way."""

    def wait(self, timeout_s: float) -> Sequence[tuple[int, WireResult]]:
        """Results that have come, at least one unless `timeout_s` passes first. Returns at once if none is in flight
        and `timeout_s` is 0; otherwise sleeps. Every started ticket comes back exactly once.
        """

    def close(self) -> None:
        """Drop connections. Requests still in flight are abandoned."""
