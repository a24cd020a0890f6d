"""The HTTP client of one worker: httpx with our line beneath, and with everything off that it would do by itself.

No redirect, no retry, no cookie, no decompression, nothing from the environment; the Authorization header is made
when a request is made, and only for the endpoint's own scheme, host and port.
"""

import ssl
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from reconcile import __version__
from reconcile.errors import ProviderError
from reconcile.providers.base import WireRequest
from reconcile.providers.endpoint import Endpoint
from reconcile.providers.http_deadline import Dropped, Line

Sign = Callable[[WireRequest, Endpoint], Mapping[str, str]]
"""(the request with its headers, where it goes) → the headers that prove who asks."""

# Below the five seconds after which common servers close an idle connection, so that we do it first.
_KEEPALIVE_S: Final = 4.0


def client_maker(
    endpoint: Endpoint,
    *,
    sign: Sign,
    act_under: str,
    proxy_from_environment: bool,
    tls: Callable[[], ssl.SSLContext] | None,
) -> Callable[[Line], httpx.Client]:
    """What makes a worker's client for its line. The TLS context is made with the first client and then shared.

    Raises ProviderError if the environment's proxy is asked for and cannot be used.
    """
    context = tls or (_environment_tls if proxy_from_environment else _public_tls)
    proxy = _proxy_of(endpoint) if proxy_from_environment else None
    headers = {
        "User-Agent": f"bonusctl/{__version__}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
    }
    if act_under:
        headers["X-Act-Under-Account-ID"] = act_under

    def make(line: Line) -> httpx.Client:
        return httpx.Client(
            base_url=str(endpoint),
            headers=headers,
            auth=_BoundAuth(endpoint, sign),
            transport=_Transport(line, context if endpoint.scheme == "https" else None, proxy),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=None,  # noqa: S113 (the line holds the one deadline)
            trust_env=False,
            follow_redirects=False,
        )

    return make


class _BoundAuth(httpx.Auth):
    """Makes the headers that prove who asks when a request is made, for the endpoint's scheme, host and port alone."""

    # What is signed is also the body, so that it must be there.
    requires_request_body = True

    def __init__(self, endpoint: Endpoint, sign: Sign) -> None:
        self._endpoint = endpoint
        self._origin = httpx.URL(str(endpoint))
        self._sign = sign

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the headers, or refuse to."""
        url, origin = request.url, self._origin
        if (url.scheme, url.host, url.port) != (origin.scheme, origin.host, origin.port):
            raise Dropped("the request is for another host than the endpoint")
        asked = WireRequest(
            request.method, request.url.raw_path.decode("ascii"), request.content, tuple(request.headers.items())
        )
        request.headers.update(self._sign(asked, self._endpoint))
        yield request


class _Transport(httpx.BaseTransport):
    """httpx over httpcore with our line beneath: one connection, kept while it is in use."""

    def __init__(self, line: Line, tls: Callable[[], ssl.SSLContext] | None, proxy: httpx.Proxy | None) -> None:
        context = tls() if tls is not None else None
        if proxy is None:
            self._pool = httpcore.ConnectionPool(
                ssl_context=context,
                max_connections=1,
                keepalive_expiry=_KEEPALIVE_S,
                network_backend=line,
            )
        else:
            self._pool = httpcore.HTTPProxy(
                proxy_url=str(proxy.url),
                proxy_auth=proxy.raw_auth,
                ssl_context=context,
                max_connections=1,
                keepalive_expiry=_KEEPALIVE_S,
                network_backend=line,
            )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request, one answer. Raises httpcore's errors as they are."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        url = request.url
        response = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


@cache
def _public_tls() -> ssl.SSLContext:
    """Verifies certificates and names against the public roots; the environment has no say."""
    return httpx.create_ssl_context(trust_env=False)


@cache
def _environment_tls() -> ssl.SSLContext:
    """Also obeys SSL_CERT_FILE and SSL_CERT_DIR: who needs a proxy of their own often needs its root too."""
    return httpx.create_ssl_context(trust_env=True)


def _proxy_of(endpoint: Endpoint) -> httpx.Proxy | None:
    """The environment's proxy for an endpoint; never for this machine itself."""
    address = getproxies().get(endpoint.scheme, "")
    if not address or endpoint.is_loopback or proxy_bypass(endpoint.host):
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        proxy = None
    if proxy is None or proxy.url.scheme != "http":
        raise ProviderError(
            "the proxy in the environment cannot be used",
            detail=f"{endpoint.scheme}_proxy does not name a proxy by http://host:port.",
            remedy="Set it to such an address, or remove `proxy_from_environment` from the config.",
            reason="proxy",
        )
    return proxy
