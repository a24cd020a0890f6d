"""Whose keys sign: AWS's own credential chain, which botocore brings. The only module that loads it.

botocore finds credentials (environment, profile, SSO, a role of CI, an instance) and makes signatures (Signature
Version 4). It sends no payment: the bytes go out through our own wire, so that none of its retries exists. Nothing of
this is loaded before an MTurk campaign is applied or refreshed.
"""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from reconcile.errors import ProviderError
from reconcile.providers.base import WireRequest
from reconcile.providers.endpoint import Endpoint
from reconcile.providers.secrets import Secret
from reconcile.settings import ProviderSettings

if TYPE_CHECKING:
    from botocore.credentials import Credentials, ReadOnlyCredentials

REGION: Final = "us-east-1"
EMULATOR_ACCESS_KEY: Final = "AKIDEMULATOR"
EMULATOR_SECRET_KEY: Final = "emulator-secret-key"  # noqa: S105 (known to everybody: the emulator's own)

_SERVICE: Final = "mturk-requester"
_IDENTITY_SERVICE: Final = "sts"
# What a signature covers: the rest is added by the client beneath, or on the way.
_SIGNED: Final = frozenset({"content-type", "x-amz-target"})


class AwsKeys(Secret):
    """Credentials of AWS's chain, renewed by it as they expire. Shows itself as `***`, as every secret does.

    `method` names where they were found (`env`, `shared-credentials-file`, `sso` …), for people.
    """

    __slots__ = ("_credentials", "_known", "method")

    def __init__(self, credentials: "Credentials") -> None:
        frozen = credentials.get_frozen_credentials()
        super().__init__(frozen.secret_key or "")
        self._credentials = credentials
        self._known = _tokens(frozen)
        self.method: str = credentials.method or "an unnamed source"

    def spellings(self) -> tuple[str, ...]:
        """The texts that would give the secret key or the session token away."""
        found = {text for secret in self._known for text in secret.spellings()} | {*super().spellings()}
        return tuple(sorted(found, key=lambda text: (-len(text), text)))

    def frozen(self) -> "ReadOnlyCredentials":
        """The keys of this moment, renewed if they are about to expire. Raises ProviderError where that fails."""
        from botocore.exceptions import BotoCoreError

        try:
            return self._credentials.get_frozen_credentials()
        except BotoCoreError as exc:
            raise _not_found("AWS's credentials could not be renewed", type(exc).__name__) from None


class Signer:
    """Makes the headers that prove who asks. `learn` hears of every secret that appears, before it is used."""

    def __init__(self, keys: AwsKeys, learn: Callable[[Secret], None]) -> None:
        self._keys = keys
        self._learn = learn
        self._access_key = ""

    def __call__(self, request: WireRequest, endpoint: Endpoint) -> Mapping[str, str]:
        """The headers of a signature that covers method, address, time, body, and what is asked for."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        frozen = self._keys.frozen()
        if frozen.access_key != self._access_key:
            for secret in _tokens(frozen):
                self._learn(secret)
            self._access_key = frozen.access_key or ""
        kept = {name: value for name, value in request.headers if name.lower() in _SIGNED}
        service = _SERVICE if any(name.lower() == "x-amz-target" for name in kept) else _IDENTITY_SERVICE
        signed = AWSRequest(method=request.method, url=f"{endpoint}{request.target}", data=request.body, headers=kept)
        SigV4Auth(frozen, service, REGION).add_auth(signed)
        return {name: value for name, value in signed.headers.items() if name not in kept}


def find_keys(settings: ProviderSettings) -> AwsKeys:
    """The keys for a provider: the emulator's own for the emulator, else those of AWS's chain.

    Raises ProviderError with reason `missing_package` where boto3 is not installed, `no_token` where the chain finds
    nothing.
    """
    session_module, errors = _botocore(settings)
    if settings.environment == "emulator":
        from botocore.credentials import Credentials

        return AwsKeys(Credentials(EMULATOR_ACCESS_KEY, EMULATOR_SECRET_KEY, method="the emulator's own"))
    # At level DEBUG it would log what is signed, session token included.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    try:
        found = session_module.Session(profile=settings.profile or None).get_credentials()
        keys = None if found is None else AwsKeys(found)
    except errors.BotoCoreError as exc:
        raise _not_found(f"AWS's credential chain for provider {settings.name} failed", str(exc)) from None
    if keys is None:
        raise _not_found(f"no AWS credentials for provider {settings.name}", "AWS's own chain finds none here.")
    return keys


def _botocore(settings: ProviderSettings):  # type: ignore[no-untyped-def]  # two modules
    try:
        from botocore import exceptions, session
    except ImportError:
        raise ProviderError(
            f"provider {settings.name}: MTurk needs boto3, which is not installed",
            detail="It finds AWS's credentials and signs requests; nothing else of bonusctl needs it.",
            remedy="Install it:\npip install 'bonusctl[mturk]'",
            reason="missing_package",
        ) from None
    return session, exceptions


def _tokens(frozen: "ReadOnlyCredentials") -> tuple[Secret, ...]:
    return tuple(Secret(value) for value in (frozen.secret_key, frozen.token) if value)


def _not_found(summary: str, detail: str) -> ProviderError:
    return ProviderError(
        summary,
        detail=detail,
        remedy="Give this shell credentials, for instance with:\naws sso login\n\n"
        "A profile of AWS's own config is named with `profile:`.",
        reason="no_token",
    )
