"""Which reading of `operation_id` holds in synchronous mode? Asked of Toloka itself, with two equal small requests.

Toloka's pages disagree on whether an operation id counts there. The probe sends the smallest bonus twice under one id
and looks what was paid: once, the id counts; twice, it does not. It pays a real worker of a sandbox, so it is told
whom. It is no bonus of a campaign: its comment carries no marker, and nothing of it is journaled in a state.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from reconcile.errors import Refused
from reconcile.money import Money, add, format_amount
from reconcile.providers.base import (
    ListPayments,
    PaymentsPage,
    RemotePayment,
    Ticket,
    Wire,
    WireRequest,
    WireResult,
)
from reconcile.providers.rules import RULES
from reconcile.providers.toloka.answers import answer_of
from reconcile.providers.toloka.outcomes import ALREADY_EXISTS
from reconcile.providers.toloka.reply import Reply, open_reply
from reconcile.providers.toloka.requests import request_of, target_of
from reconcile.settings import ProviderSettings
from reconcile.times import HOUR_MS

ENVIRONMENTS: Final = ("sandbox", "emulator")
READS_MAX: Final = 4
PAUSE_S: Final = 1.0


class Reading(StrEnum):
    """What the second request showed. Either way bonusctl never sends twice in synchronous mode."""

    USED = "used"
    """The second delivery was refused or paid nothing: the id counts."""
    IGNORED = "ignored"
    """Both were paid: the id does not count."""
    UNKNOWN = "unknown"
    """The answers do not fit either reading; `detail` says what came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeCost:
    """What a probe will pay at most: two bonuses of `amount` to `recipient`, without Toloka's fees."""

    recipient: str
    amount: Money
    amount_max: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What came of it. `answers`: (status, code or "") of each request that was sent, status 0 where no
    answer came; `paid`: the ids of the bonuses that the list shows for the probe; `cost`: their sum, without fees.
    """

    reading: Reading
    detail: str
    answers: tuple[tuple[int, str], ...]
    paid: tuple[str, ...]
    cost: Money


def probe_cost(settings: ProviderSettings, recipient: str) -> ProbeCost:
    """What `run_probe` would pay, to be shown and agreed to first. Raises Refused where real money would move."""
    _refuse_real_money(settings)
    tariff = RULES[settings.type].tariffs[settings.environment]
    twice = add((tariff.amount_min, tariff.amount_min))
    return ProbeCost(
        recipient=recipient,
        amount=Money(tariff.amount_min, tariff.currency),
        amount_max=Money(twice, tariff.currency),
    )


def run_probe(wire: Wire, settings: ProviderSettings, recipient: str, *, probe_id: UUID) -> ProbeResult:
    """Send one small bonus to `recipient` twice under `probe_id`, one after the other, and look what was paid.

    The second goes out only once the first was paid. `probe_id` is a new random id: with one that was used before, the
    answer would mean nothing. The wire must have nothing in flight. Raises Refused where real money would move.
    """
    cost = probe_cost(settings, recipient)
    comment = f"bonusctl probe {probe_id}"
    request = _bonus_request(recipient, cost.amount.amount, comment, probe_id)
    asking = _Asking(wire)
    answers = [asking.send(request)]
    if answers[0].succeeded:
        answers.append(asking.send(request))
    paid = asking.paid(recipient, comment, wanted=sum(1 for answer in answers if answer.succeeded))
    reading, detail = _judge(answers, paid)
    return ProbeResult(
        reading=reading,
        detail=detail,
        answers=tuple((answer.status, answer.code) for answer in answers),
        paid=tuple(payment.remote_id for payment in paid or ()),
        cost=Money(add(payment.amount for payment in paid or ()), cost.amount.currency),
    )


class _Asking:
    """One request at a time. `_since_ms`: an hour before the first answer, by Toloka's clock."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._number = 0
        self._since_ms: int | None = None

    def send(self, request: WireRequest) -> Reply:
        """One delivery of the bonus."""
        reply = open_reply(self._ask(request, fenced=True))
        if self._since_ms is None and reply.server_ms is not None:
            self._since_ms = reply.server_ms - HOUR_MS
        return reply

    def paid(self, recipient: str, comment: str, *, wanted: int) -> Sequence[RemotePayment] | None:
        """The probe's bonuses in the list, read again while fewer show than were answered as paid; None if unread."""
        found: Sequence[RemotePayment] | None = None
        for attempt in range(READS_MAX):
            if attempt:
                # Nothing is in flight: the wire only lets time pass.
                self._wire.wait(PAUSE_S)
            payments = self._list()
            if payments is not None:
                found = [one for one in payments if (one.recipient, one.comment) == (recipient, comment)]
                if len(found) >= wanted:
                    return found
        return found

    def _list(self) -> Sequence[RemotePayment] | None:
        payments: list[RemotePayment] = []
        cursor = ""
        while True:
            call = ListPayments(self._since_ms, cursor)
            page = answer_of(call, self._ask(request_of(call), fenced=False))
            if not isinstance(page, PaymentsPage):
                return None
            payments += page.payments
            if not page.next_cursor:
                return payments
            cursor = page.next_cursor

    def _ask(self, request: WireRequest, *, fenced: bool) -> WireResult:
        self._number += 1
        self._wire.start(Ticket(self._number, request, fenced))
        while True:
            for _, result in self._wire.wait(1.0):
                return result


def _refuse_real_money(settings: ProviderSettings) -> None:
    if settings.type == "toloka" and settings.environment in ENVIRONMENTS:
        return
    raise Refused(
        f"{settings.name}: the probe pays a worker twice, and never in {settings.environment}",
        detail="Nothing was sent.",
        remedy="Probe a provider whose environment is the sandbox or the emulator: both read ids as production does.",
        reason="probe_refused",
    )


def _bonus_request(recipient: str, amount: Decimal, comment: str, probe_id: UUID) -> WireRequest:
    # A list, as every request of ours; the amount is written as digits, never by way of a binary float.
    words = (
        f'"user_id":{json.dumps(recipient)},"amount":{format_amount(amount)},"private_comment":{json.dumps(comment)}'
    )
    body = f'[{{{words},"without_message":true}}]'
    target = target_of(probe_id.bytes, mode="sync", skip_invalid_items=False)
    return WireRequest("POST", target, body.encode())


def _judge(answers: Sequence[Reply], paid: Sequence[RemotePayment] | None) -> tuple[Reading, str]:
    told = ", then ".join(f"{answer.status} {answer.code}".strip() for answer in answers)
    if paid is None:
        return Reading.UNKNOWN, f"the list of payments could not be read; the requests were answered {told}"
    last = answers[-1]
    if len(answers) == 2 and len(paid) == 2:
        return Reading.IGNORED, "two requests under one id paid two bonuses"
    if len(answers) == 2 and len(paid) == 1 and (last.code == ALREADY_EXISTS or last.succeeded):
        return Reading.USED, "two requests under one id paid one bonus"
    said = f": {last.message}" if last.message else ""
    count = "1 bonus was" if len(paid) == 1 else f"{len(paid)} bonuses were"
    return Reading.UNKNOWN, f"{count} paid; the requests were answered {told}{said}"
