"""Where requests go: scheme, host and port, read strictly. Credentials are bound to exactly these three."""

import re
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)
_BRACKETED: Final = re.compile(r"\[[0-9A-Fa-f:.]+\](?::[0-9]+)?", re.ASCII)
_PORTS: Final = {"https": 443, "http": 80}


class EndpointError(ValueError):
    """A text that is no endpoint we would send credentials to; `str()` says why."""


class Endpoint(NamedTuple):
    """`scheme` is https or http, `host` a name or an address (IPv6 without brackets), `port` always given."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine, by name or by address."""
        return is_loopback(self.host)


def parse_endpoint(text: str) -> Endpoint:
    """The endpoint that `text` states: `https://host[:port]`, or `http://` for loopback addresses only.

    Raises EndpointError for anything more or less: user names, paths, queries, other schemes, unclear hosts.
    """
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise EndpointError("an endpoint is plain ASCII without blanks")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise EndpointError("an endpoint is https://host or https://host:port") from None
    if port == 0:
        raise EndpointError("a port is a number from 1 to 65535")
    if parts.scheme not in _PORTS or "@" in parts.netloc or parts.path not in ("", "/"):
        raise EndpointError("an endpoint is https://host or https://host:port, without user name and path")
    if "?" in text or "#" in text:
        raise EndpointError("an endpoint has no query and no fragment")
    endpoint = Endpoint(parts.scheme, _host(parts.netloc, parts.hostname or ""), port or _PORTS[parts.scheme])
    if endpoint.scheme == "http" and not endpoint.is_loopback:
        raise EndpointError("plain http is for loopback addresses only: use https")
    return endpoint


def is_loopback(host: str) -> bool:
    """Whether `host` is `localhost` or a loopback address itself; an IPv4 address inside an IPv6 one is not."""
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return False
    return address.is_loopback


def _host(netloc: str, host: str) -> str:
    if netloc.startswith("["):
        if not _BRACKETED.fullmatch(netloc):
            raise EndpointError("nothing but a port may follow the endpoint's address in brackets")
        try:
            return str(IPv6Address(host))
        except ValueError:
            raise EndpointError("the endpoint's address in brackets is no IPv6 address") from None
    # A colon at the end or a host of digits and dots that is no address would be read differently elsewhere.
    if netloc.endswith(":") or not _HOST.fullmatch(host) or ".." in host:
        raise EndpointError("the endpoint's host is no name or address")
    if re.fullmatch(r"[0-9.]+|0[xX][0-9a-fA-F.]*", host.rpartition(".")[2] or host):
        try:
            return str(ip_address(host))
        except ValueError:
            raise EndpointError("the endpoint's host looks like an address, but is none") from None
    return host
