"""The reference at the end of a reason, on request (`reason_marker`): by it a payment is known again for certain.

It is the whole payment id in 22 characters, so that nothing collides and nothing is guessed, and the payment's number
where that is a top-up's: ` [b:bdMDxaZxV9axSSdNRray-Q]`, ` [b:or_yf1H9Uyyp-EspKMEeeQ.2]`. The worker reads it too.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

_REFERENCE: Final = re.compile(r"\s*\[b:([A-Za-z0-9_-]{22})(?:\.([2-9]|[1-9][0-9]{1,5}))?\]\s*\Z", re.ASCII)


def reference(payment_id: bytes, sequence: int) -> str:
    """The end of a reason, with its leading blank."""
    name = urlsafe_b64encode(payment_id).rstrip(b"=").decode("ascii")
    return f" [b:{name}{f'.{sequence}' if sequence > 1 else ''}]"


def split(reason: str) -> tuple[str, tuple[bytes, int] | None]:
    """(the reason without its reference, the payment that it names: id and sequence); None where it names none."""
    match = _REFERENCE.search(reason)
    if match is None:
        return reason, None
    name, number = match.groups()
    payment_id = urlsafe_b64decode(f"{name}==")
    if urlsafe_b64encode(payment_id).rstrip(b"=").decode("ascii") != name:
        # Bits beyond the sixteen bytes: nothing that we wrote.
        return reason, None
    return reason[: match.start()], (payment_id, int(number or 1))
