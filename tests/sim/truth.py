"""What the provider really did: read from its own ledger, by the tests alone."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from reconcile import identity
from reconcile.emulator.control import Running
from reconcile.emulator.sends import run_due
from reconcile.emulator.wirejson import loads
from reconcile.model import parse_marker


class Made(NamedTuple):
    """A payment that was made. `payment_id` is b"" for one that nobody here made. `key` is the bonus's."""

    remote_id: str
    payment_id: bytes
    key: str
    recipient: str
    amount: Decimal


class Truth:
    """The provider's books. `made` grows by what was made since the last look; by payment id, oldest first."""

    def __init__(self, running: Running) -> None:
        self.running = running
        # The keys of bonuses that were ever asked for, by the ids of their payments.
        self.keys: dict[bytes, str] = {}
        self.made: dict[bytes, list[Made]] = {}
        self._newest = 0

    def look(self) -> list[Made]:
        """What was made since the last look."""
        rows = self.running.ledger.connection.execute(
            "SELECT id, user_id, private_comment, amount FROM bonuses WHERE id > ? ORDER BY id",
            (self._newest,),
        ).fetchall()
        fresh = []
        for number, recipient, comment, amount in rows:
            marker = parse_marker(comment)
            assert marker is not None, f"a payment without a marker: {comment}"
            made = Made(str(number), marker.payment_id, marker.key, recipient, Decimal(amount))
            self.made.setdefault(marker.payment_id, []).append(made)
            self._newest = number
            fresh.append(made)
        return fresh

    def shows(self, made: Made, amount: Decimal, remote_id: str) -> bool:
        """Whether this is how the provider shows it."""
        return (made.amount, made.remote_id) == (amount, remote_id)

    def catch_up(self) -> None:
        """Have everything done that is due by now."""
        ledger = self.running.ledger
        with ledger.transaction(writes=True):
            run_due(ledger, self.running.options, ledger.now_ms())

    def may_still_pay(self) -> Iterator[bytes]:
        """Payment ids that may be paid later without any new request: operations not carried out, requests on their
        way whose operation the provider does not hold yet.
        """
        connection = self.running.ledger.connection
        for (body,) in connection.execute("SELECT body FROM operations WHERE done = 0"):
            yield from payment_ids(body.encode())
        for query, body in connection.execute("SELECT query, body FROM late"):
            given = dict(loads(query.encode()))  # type: ignore[call-overload]
            keeps = given.get("async_mode") == "true" or self.running.options.sync_ids_used
            if not (keeps and self.holds(given.get("operation_id", ""))):
                yield from payment_ids(body.encode("latin-1"))

    def holds(self, operation_id: str) -> bool:
        """Whether the provider has an operation under this id."""
        raw = identity.from_text(operation_id)
        found = self.running.ledger.connection.execute(
            "SELECT 1 FROM operations WHERE operation = ?", (raw.hex() if raw else "",)
        ).fetchone()
        return found is not None


def payment_ids(body: bytes) -> Iterator[bytes]:
    """The payments that a request's body asks for."""
    value = loads(body)
    token = identity.from_text(str(value.get("UniqueRequestToken"))) if isinstance(value, dict) else None
    if token:
        yield token
        return
    for item in value if isinstance(value, list) else [value]:
        marker = parse_marker(str(item.get("private_comment"))) if isinstance(item, dict) else None
        if marker is not None:
            yield marker.payment_id
