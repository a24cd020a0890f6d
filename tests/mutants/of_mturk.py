"""Mistakes in what is particular to MTurk: tokens that are forgotten, lists without ids, payments that nobody owns."""

import json
from typing import Any

from reconcile import identity
from reconcile.providers.base import PaymentsPage, Promise
from reconcile.times import HOUR_MS
from tests.mutants.switching import Original, Switch

CODEC = "reconcile.providers.mturk.codec:MTurkCodec"


def token_of_the_operation(switch: Switch) -> None:
    """MTurk's token is the operation's id, which rises with an attempt."""

    def make(original: Original) -> Original:
        def prepare(self: Any, operation_id: bytes, payments: Any) -> tuple[str, str]:
            target, body = original(self, operation_id, payments)
            token = {"UniqueRequestToken": identity.to_text(operation_id)}
            return target, json.dumps(json.loads(body) | token, separators=(",", ":"))

        return prepare

    switch.replace(f"{CODEC}.prepare", make)


def token_trusted_for_a_hundred_hours(switch: Switch) -> None:
    """MTurk's token is believed to protect for a hundred hours; it is forgotten after 24."""
    promise = Promise(protection_ms=100 * HOUR_MS, holds_operations=False, burns_ids=False)
    switch.replace(f"{CODEC}.promise", lambda _: lambda self, mode: promise)


def what_the_state_owns_is_free(switch: Switch) -> None:
    """A payment in doubt is proved by one of the list that an issued bonus owns."""
    switch.replace(
        "reconcile.protocol.matching:match",
        lambda original: lambda listed, _, opened, **rest: original(listed, [], opened, **rest),
    )


def last_page_of_an_assignment_forgotten(switch: Switch) -> None:
    """The list of an assignment counts as read after its first page."""

    def make(original: Original) -> Original:
        def _take(self: Any, page: Any, answer: Any) -> Any:
            if isinstance(answer, PaymentsPage):
                answer = PaymentsPage(payments=answer.payments, next_cursor="", server_ms=answer.server_ms)
            return original(self, page, answer)

        return _take

    switch.replace("reconcile.protocol.reading_lists:_Reading._take", make)


def nobodys_payment_ignored(switch: Switch) -> None:
    """A payment that nobody here owns keeps nobody from being paid."""
    switch.replace("reconcile.protocol.books:Books.doubt", lambda _: lambda *__: "")


def repeated_token_is_a_refusal(switch: Switch) -> None:
    """A token that has paid already counts as a request that was refused."""
    switch.replace("reconcile.providers.mturk.outcomes:_is_repeated", lambda _: lambda *__: False)


def reference_without_a_bonus_owns(switch: Switch) -> None:
    """A payment of ours whose bonus no spec names keeps nobody in doubt, once it is in the state."""
    switch.replace("reconcile.protocol.books:unowned_id", lambda _: lambda *__: ANY)


class _Any(bytes):
    """Equal to every id."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


ANY = _Any()
