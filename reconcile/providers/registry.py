"""The provider types there are, and what each is made of. A type's modules are loaded only when it is used."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from reconcile.errors import ProviderError
from reconcile.providers.base import Codec, Wire
from reconcile.providers.endpoint import Endpoint, EndpointError, parse_endpoint
from reconcile.providers.rules import RULES
from reconcile.providers.secrets import Secret, find_token
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
        case "mturk":
            from reconcile.providers.mturk.codec import MTurkCodec

            return MTurkCodec(reason_marker=settings.reason_marker)
        case _:
            raise _unknown(settings)


def find_secret(settings: ProviderSettings, environ: Mapping[str, str]) -> Secret:
    """What proves to a configured provider who asks: a token, or AWS's keys. Raises ProviderError where there is none."""
    match settings.type:
        case "toloka":
            return find_token(settings, environ)
        case "mturk":
            from reconcile.providers.mturk.credentials import find_keys

            return find_keys(settings)
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
    from reconcile.providers.http import HttpWire, WireOptions
    from reconcile.redaction import Redactor

    redactor = Redactor((secret, *secrets))
    options = WireOptions(
        endpoint=_checked_endpoint(settings, endpoint),
        authorization=lambda: "",
        fence=fence,
        boottime_ms=boottime_ms,
        clean=redactor.clean,
        slots=slots or settings.concurrency,
        timeout_s=settings.timeout_s,
        act_under=settings.act_under,
        proxy_from_environment=settings.proxy_from_environment,
    )
    match settings.type:
        case "toloka":
            from reconcile.providers.toloka.credentials import authorization

            made = partial(authorization, secret, environment=settings.environment)
            return HttpWire(replace(options, authorization=made))
        case "mturk":
            from reconcile.providers.mturk.credentials import AwsKeys, Signer
            from reconcile.providers.mturk.wire import open_wire

            assert isinstance(secret, AwsKeys)
            signed = replace(options, sign=Signer(secret, redactor.add))
            return open_wire(options.endpoint, lambda where: HttpWire(replace(signed, endpoint=where)))
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
