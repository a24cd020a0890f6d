"""The provider types there are, and what each is made of. A type's modules are loaded only when it is used."""

from collections.abc import Callable, Iterable

from reconcile.errors import ProviderError
from reconcile.providers.base import Codec, Wire
from reconcile.providers.endpoint import Endpoint, EndpointError, parse_endpoint
from reconcile.providers.rules import RULES
from reconcile.providers.secrets import Secret
from reconcile.settings import ProviderSettings


def endpoint_of(settings: ProviderSettings) -> str:
    """Where a provider's requests go: the config's endpoint, else the environment's own address; "" for an emulator
    that is still to be started.
    """
    return settings.endpoint or RULES[settings.type].hosts.get(settings.environment, "")


def make_codec(settings: ProviderSettings) -> Codec:
    """The codec of a configured provider."""
    match settings.type:
        case "toloka":
            from reconcile.providers.toloka.codec import TolokaCodec

            return TolokaCodec(mode=settings.mode, skip_invalid_items=settings.skip_invalid_items)
        case _:
            raise _unknown(settings)


def make_wire(
    settings: ProviderSettings,
    *,
    secret: Secret,
    endpoint: str,
    fence: Callable[[], str],
    boottime_ms: Callable[[], int],
    slots: int = 0,
    secrets: Iterable[Secret] = (),
) -> Wire:
    """The wire of a configured provider to `endpoint`. `slots` 0: as many as the config's `concurrency`.

    `fence` is asked in the sending thread right before the first byte of a request that moves money: "" or why it
    must be dropped. `boottime_ms` is a clock that counts sleep. `secrets`: others to keep out of reasons, beside
    `secret`. Raises ProviderError for an endpoint that credentials must not be sent to.
    """
    where = _checked_endpoint(settings, endpoint)
    match settings.type:
        case "toloka":
            from reconcile.providers.http import HttpWire, WireOptions
            from reconcile.providers.toloka.credentials import authorization
            from reconcile.redaction import Redactor

            return HttpWire(
                WireOptions(
                    endpoint=where,
                    authorization=lambda: authorization(secret, environment=settings.environment),
                    fence=fence,
                    boottime_ms=boottime_ms,
                    clean=Redactor((secret, *secrets)).clean,
                    slots=slots or settings.concurrency,
                    timeout_s=settings.timeout_s,
                    act_under=settings.act_under,
                    proxy_from_environment=settings.proxy_from_environment,
                )
            )
        case _:
            raise _unknown(settings)


def _checked_endpoint(settings: ProviderSettings, endpoint: str) -> Endpoint:
    try:
        return parse_endpoint(endpoint)
    except EndpointError as exc:
        raise ProviderError(
            f"provider {settings.name}: the endpoint cannot be used",
            detail=f"{str(exc)[:1].upper()}{str(exc)[1:]}.",
            remedy="Correct `endpoint` in the config, or leave it away for the environment's own address.",
            reason="endpoint",
        ) from None


def _unknown(settings: ProviderSettings) -> ProviderError:
    return ProviderError(
        f"provider {settings.name}: there is no provider type {settings.type}",
        remedy=f"Use one of: {', '.join(sorted(RULES))}.",
        reason="provider_type",
    )
