"""Where requests go: read strictly, plain http for loopback alone."""

import pytest

from reconcile.providers.endpoint import Endpoint, EndpointError, parse_endpoint


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("https://toloka.dev", Endpoint("https", "toloka.dev", 443)),
        ("https://sandbox.toloka.dev/", Endpoint("https", "sandbox.toloka.dev", 443)),
        ("https://example.org:8443", Endpoint("https", "example.org", 8443)),
        ("HTTPS://Example.ORG", Endpoint("https", "example.org", 443)),
        ("http://localhost:8765", Endpoint("http", "localhost", 8765)),
        ("http://127.0.0.1:8765", Endpoint("http", "127.0.0.1", 8765)),
        ("http://127.8.9.1", Endpoint("http", "127.8.9.1", 80)),
        ("http://[::1]:80", Endpoint("http", "::1", 80)),
        ("https://93.184.216.34", Endpoint("https", "93.184.216.34", 443)),
    ],
)
def test_an_endpoint_is_scheme_host_and_port(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint
    assert parse_endpoint(str(endpoint)) == endpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "toloka.dev",
        "ftp://toloka.dev",
        "https://",
        "https://toloka.dev/api",
        "https://toloka.dev?x",
        "https://toloka.dev#x",
        "https://user@toloka.dev",
        "https://user:pass@toloka.dev",
        "https://toloka.dev:0x50",
        "https://toloka.dev:99999",
        "http://127.0.0.1:0",
        "https://toloka.dev:",
        "https://tol oka.dev",
        "https://toloka.dev\n",
        "https://toloka.dev\\@evil.example",
        "https://tolöka.dev",
        "https://..",
        "https://a..b",
        "https://0x7f000001",
        "https://2130706433",
        "http://0",
        "http://127.1",
        "http://toloka.dev",
        "http://localhost@evil.example",
        "http://127.0.0.1@evil.example",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://[::ffff:127.0.0.1]:80",
        "http://[::ffff:7f00:1]",
        "http://[::1]evil.example",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://[fe80::1]",
    ],
)
def test_what_could_lead_elsewhere_is_no_endpoint(text: str) -> None:
    with pytest.raises(EndpointError):
        parse_endpoint(text)
