"""From settings to codec, endpoint and wire."""

from dataclasses import replace

import pytest

from reconcile.errors import ProviderError
from reconcile.providers.base import Ticket, Wire, WireRequest, WireResponse
from reconcile.providers.registry import endpoint_of, make_codec, make_wire
from reconcile.providers.secrets import Secret
from reconcile.settings import ProviderSettings
from tests.providers.servers import answering, ok, serving

SANDBOX = ProviderSettings(name="toloka", type="toloka", environment="sandbox", timeout_s=5)


def wire_for(settings: ProviderSettings, endpoint: str) -> Wire:
    return make_wire(
        settings, secret=Secret("token-of-a-test"), endpoint=endpoint, fence=lambda: "", boottime_ms=lambda: 0
    )


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ("sandbox", "https://sandbox.toloka.dev"),
        ("production", "https://toloka.dev"),
        ("yandex", "https://tasks.yandex.ru"),
        ("emulator", ""),
    ],
)
def test_each_environment_has_its_own_address(environment: str, endpoint: str) -> None:
    assert endpoint_of(replace(SANDBOX, environment=environment)) == endpoint


def test_the_configs_endpoint_comes_first() -> None:
    assert endpoint_of(replace(SANDBOX, endpoint="http://127.0.0.1:8765")) == "http://127.0.0.1:8765"


@pytest.mark.parametrize("configured", ["async", "sync"])
def test_what_is_promised_goes_by_the_mode_of_the_journal_not_of_the_config(configured: str) -> None:
    codec = make_codec(replace(SANDBOX, mode=configured))
    assert codec.promise("async") == (604_800_000, True, True)
    assert codec.promise("sync") == (0, False, True)


def test_a_provider_type_that_is_not_built_is_refused() -> None:
    with pytest.raises(ProviderError) as caught:
        make_codec(replace(SANDBOX, type="unheard"))
    assert caught.value.reason == "provider_type"


@pytest.mark.parametrize(
    "endpoint", ["", "http://toloka.dev", "https://u:p@toloka.dev", "http://127.0.0.1.evil.example"]
)
def test_credentials_are_not_sent_to_an_endpoint_that_does_not_read_clearly(endpoint: str) -> None:
    with pytest.raises(ProviderError) as caught:
        wire_for(SANDBOX, endpoint)
    assert caught.value.reason == "endpoint"


def test_a_wire_has_as_many_slots_as_the_config_says_and_carries_requests() -> None:
    with serving(answering(ok(b"{}"))) as server:
        wire = wire_for(replace(SANDBOX, concurrency=7), f"http://127.0.0.1:{server.port}")
        try:
            assert wire.slots == 7
            wire.start(Ticket(3, WireRequest("GET", "/api/v1/requester"), fenced=False))
            assert wire.wait(10) == [(3, WireResponse(200, {}, b"{}"))]
        finally:
            wire.close()
        assert b"\r\nAuthorization: OAuth token-of-a-test\r\n" in server.requests[0]
        assert b"X-Act-Under-Account-ID" not in server.requests[0]


def test_a_wire_acts_for_the_account_that_the_config_names() -> None:
    with serving(answering(ok(b"{}"))) as server:
        wire = wire_for(replace(SANDBOX, act_under="566ec2b0"), f"http://127.0.0.1:{server.port}")
        try:
            wire.start(Ticket(1, WireRequest("GET", "/api/v1/requester"), fenced=False))
            wire.wait(10)
        finally:
            wire.close()
        assert b"\r\nX-Act-Under-Account-ID: 566ec2b0\r\n" in server.requests[0]
