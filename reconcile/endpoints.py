"""Endpoints: which addresses a config may send a token to.

A line in a pull request must not send a secret elsewhere: off loopback an endpoint counts only if the runner's own
environment names it, and never over plain http. What decides is the address as it will be used, not how it looks.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from reconcile.providers.endpoint import EndpointError, is_loopback, parse_endpoint
from reconcile.providers.rules import ProviderRules

ALLOW_VARIABLE: Final = "BONUSCTL_ALLOW_ENDPOINT"

# Letters, digits, dots and dashes; an IPv6 address in brackets. No user, no escapes, no other script.
_PLAIN: Final = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/?")


class EndpointProblem(NamedTuple):
    """Why an endpoint is refused."""

    summary: str
    detail: str
    hint: str


def check_endpoint(
    text: str, *, rules: ProviderRules, environment: str, environ: Mapping[str, str]
) -> str | EndpointProblem:
    """The endpoint without a trailing slash, or why it may not be used."""
    problem = _form(text)
    if problem is not None:
        return problem
    url = urlsplit(text)
    try:
        url.port  # noqa: B018 (raises for a port out of range)
    except ValueError:
        return EndpointProblem("The endpoint's port is out of range", "", "Ports go from 1 to 65535.")
    origin = text.rstrip("/")
    found = origin if is_loopback(url.hostname or "") else _elsewhere(origin, url, rules, environment, environ)
    return found if isinstance(found, EndpointProblem) else _as_used(found)


def _as_used(origin: str) -> str | EndpointProblem:
    """What the wire itself says of an endpoint: it reads it once more, and strictly."""
    try:
        parse_endpoint(origin)
    except EndpointError as error:
        return EndpointProblem(
            "The endpoint is none", f"Because {error}.", "Write `https://host` or `https://host:port`."
        )
    return origin


def _form(text: str) -> EndpointProblem | None:
    """Why a text is no endpoint at all, as far as its form tells."""
    if _PLAIN.fullmatch(text):
        return None
    hint = "Write `https://host`, or `http://127.0.0.1:8765` for this machine."
    if not re.match(r"https?://", text):
        return EndpointProblem("The endpoint is no http address", "It begins with `https://` or `http://`.", hint)
    if "@" in text:
        return EndpointProblem("The endpoint holds `@`", "What stands before it is a user, not the host.", hint)
    if "?" in text or "#" in text:
        return EndpointProblem("The endpoint holds a query or a fragment", "It is scheme, host and port alone.", hint)
    rest = text.split("://", 1)[1]
    if "/" in rest.rstrip("/"):
        return EndpointProblem("The endpoint holds a path", "bonusctl adds `/api/v1` itself.", hint)
    return EndpointProblem("The endpoint's host is not plain", "Letters, digits, dots and dashes alone.", hint)


def _elsewhere(
    origin: str, url: SplitResult, rules: ProviderRules, environment: str, environ: Mapping[str, str]
) -> str | EndpointProblem:
    """An endpoint off loopback: encrypted, not another environment's own, and allowed by the runner."""
    if url.scheme != "https":
        return EndpointProblem(
            "A plain http endpoint off this machine",
            "The token and every payment could be read and altered on the way.",
            "Use https; plain http is for `localhost`, 127.0.0.1 and [::1].",
        )
    host = (url.hostname or "").lower().rstrip(".")
    for name, known in rules.hosts.items():
        if name != environment and host == urlsplit(known).hostname:
            return EndpointProblem(
                f"The endpoint is the one of environment `{name}`",
                f"This provider says `environment: {environment}`: its state, limits and account are others.",
                f"Say `environment: {name}`, or take `endpoint` away.",
            )
    if origin == rules.hosts.get(environment):
        return origin
    if environ.get(ALLOW_VARIABLE, "").rstrip("/") != origin:
        return EndpointProblem(
            "The endpoint is not allowed by this machine's environment",
            "A line in a config must not send a token elsewhere.",
            f"If it is meant, set this where bonusctl runs:\n{ALLOW_VARIABLE}={origin}",
        )
    return origin
