"""What an approval names: the hash of one payment's content, and the digest of a set of them.

An entry covers everything of a payment that leaves this machine: payment_id, recipient, amount, currency, assignment
and texts, with provider type and environment. No time, path, order, batch, account id or version: the same specs and
state give the same digest on any machine.
"""

import json
from collections.abc import Collection
from decimal import Decimal
from hashlib import sha256
from typing import Final

from reconcile import identity
from reconcile.model import Texts
from reconcile.money import format_amount
from reconcile.packed import in_order

PREFIX: Final = "sha256:"


def canonical_json(value: object) -> str:
    """One text for one value: sorted keys, no blanks, no escapes beyond JSON's own."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def entry_hash(
    *,
    provider_type: str,
    environment: str,
    payment_id: bytes,
    recipient: str,
    assignment_id: str,
    amount: Decimal,
    currency: str,
    texts: Texts,
) -> bytes:
    """The 32 bytes that stand for one approved payment."""
    content = {
        "payment_id": identity.to_text(payment_id),
        "provider": provider_type,
        "environment": environment,
        "recipient": recipient,
        "assignment_id": assignment_id or None,
        "amount": format_amount(amount),
        "currency": currency,
        "texts": texts_json(texts),
    }
    return sha256(canonical_json(content).encode()).digest()


def texts_json(texts: Texts) -> dict[str, object]:
    """Texts as JSON: field → text, flag, or language → text."""
    return {name: dict(value) if isinstance(value, tuple) else value for name, value in texts}


def set_digest(entries: Collection[bytes]) -> str:
    """`sha256:…` of a set of entries, in no order; of very many, a list that can be read several times. The digest of no payments is a digest too."""
    total = sha256(b"bonusctl approved set 1\n")
    for entry in in_order(entries):
        total.update(entry)
    return PREFIX + total.hexdigest()
