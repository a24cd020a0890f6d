"""AWS's Signature Version 4, checked as AWS does: who signed, for which service, when, and whether it fits. Pure.

Source: AWS's reference of the signing process (canonical request, string to sign, derived key).
"""

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_plus, urlsplit

from reconcile.emulator.messages import Request
from reconcile.emulator.mturk.refusals import AwsRefusal

SKEW_MS_MAX: Final = 15 * 60 * 1000
_SCHEME: Final = "AWS4-HMAC-SHA256"
_TIME: Final = "%Y%m%dT%H%M%SZ"
_PART: Final = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^,\s]+)\s*", re.ASCII)


class Signature(NamedTuple):
    """What an Authorization header says. `scope` is day/region/service/aws4_request."""

    access_key: str
    scope: str
    headers: tuple[str, ...]
    value: str

    @property
    def service(self) -> str:
        """The service that it was made for."""
        return self.scope.split("/")[2]


def read_signature(request: Request) -> Signature:
    """The signature of a request. Raises AwsRefusal if there is none, or none that can be read."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme != _SCHEME:
        raise AwsRefusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    parts: dict[str, str] = {}
    for part in rest.split(","):
        match = _PART.fullmatch(part)
        if match:
            parts[match[1]] = match[2]
    access_key, _, scope = parts.get("Credential", "").partition("/")
    names = tuple(parts.get("SignedHeaders", "").split(";"))
    if len(parts) < 3 or len(scope.split("/")) != 4 or "host" not in names:
        raise AwsRefusal(403, "IncompleteSignatureException", "Authorization header requires its three parts")
    return Signature(access_key, scope, names, parts["Signature"])


def check_signature(request: Request, signature: Signature, secret: str, clocks_ms: tuple[int, ...]) -> None:
    """Raise AwsRefusal unless the signature fits the request and is near to one of the clocks (ms since 1970)."""
    signed_at = request.headers.get("x-amz-date", "")
    _check_age(signed_at, clocks_ms)
    unsigned = [name for name in request.headers if name.startswith("x-amz-") and name not in signature.headers]
    fits = signature.scope.startswith(f"{signed_at[:8]}/") and signature.scope.endswith("/aws4_request")
    expected = _signature(request, signature, secret, signed_at)
    if unsigned or not fits or not hmac.compare_digest(expected, signature.value):
        raise AwsRefusal(
            403,
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
            " Access Key and signing method. Consult the service documentation for details.",
        )


def _check_age(signed_at: str, clocks_ms: tuple[int, ...]) -> None:
    try:
        then_ms = int(datetime.strptime(signed_at, _TIME).replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError as exc:
        raise AwsRefusal(403, "IncompleteSignatureException", "Date must be in ISO-8601 'basic format'") from exc
    now_ms = min(clocks_ms, key=lambda clock_ms: abs(clock_ms - then_ms))
    if then_ms < now_ms - SKEW_MS_MAX:
        oldest = _text(now_ms - SKEW_MS_MAX)
        text = f"Signature expired: {signed_at} is now earlier than {oldest} ({_text(now_ms)} - 15 min.)"
        raise AwsRefusal(403, "InvalidSignatureException", text)
    if then_ms > now_ms + SKEW_MS_MAX:
        newest = _text(now_ms + SKEW_MS_MAX)
        text = f"Signature not yet current: {signed_at} is still later than {newest} ({_text(now_ms)} + 15 min.)"
        raise AwsRefusal(403, "InvalidSignatureException", text)


def _signature(request: Request, signature: Signature, secret: str, signed_at: str) -> str:
    canonical = hashlib.sha256(_canonical_request(request, signature.headers).encode("latin-1")).hexdigest()
    to_sign = "\n".join((_SCHEME, signed_at, signature.scope, canonical))
    key = f"AWS4{secret}".encode()
    for part in signature.scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()


def _canonical_request(request: Request, names: tuple[str, ...]) -> str:
    target = urlsplit(request.target)
    pairs = (pair.partition("=") for pair in target.query.split("&") if pair)
    query = sorted((_encoded(name), _encoded(value)) for name, _, value in pairs)
    return "\n".join(
        (
            request.method,
            quote(target.path, safe="/~%"),
            "&".join(f"{name}={value}" for name, value in query),
            *(f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _encoded(text: str) -> str:
    return quote(unquote_plus(text), safe="-_.~")


def _text(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime(_TIME)
