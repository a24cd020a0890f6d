"""A run as a person watches it: one line drawn over itself on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Sequence
from decimal import Decimal

from reconcile.cli.console import Console
from reconcile.money import ZERO, Money, add
from reconcile.protocol.report import LeftBonus, Paid
from reconcile.render.safe import visible
from reconcile.times import duration

DRAW_EVERY_NS = 100_000_000
SAY_EVERY_NS = 10_000_000_000


class ConsoleProgress:
    """`protocol.ports.Progress` on a console. Called only after what it is told is durable. `clean` takes out of a sentence
    whom it must not name.
    """

    def __init__(self, console: Console, clean: Callable[[str], str] = str) -> None:
        self._console = console
        self._clean = clean
        self._payments = 0
        self._amount = Money(ZERO, "")
        self._begun_ns = self._drawn_ns = time.monotonic_ns()
        self._issued = self._rejected = 0
        self._paid: Decimal = ZERO

    def phase(self, text: str) -> None:
        """A step of the run begins."""
        text = visible(self._clean(text))
        if self._console.draws:
            self._console.progress(text)
        else:
            self._console.detail(text)

    def paying(self, provider: str, *, payments: int, amount: Money) -> None:
        """Sending begins."""
        self._payments, self._amount = payments, amount
        self._issued = self._rejected = 0
        self._paid = ZERO
        self._begun_ns = self._drawn_ns = time.monotonic_ns()
        self._console.say(f"{visible(provider)}: paying {amount} in {payments:,} {_payments(payments)}")

    def settled(self, paid: Sequence[Paid], *, rejected: Sequence[LeftBonus], under_way: int) -> None:
        """Payments were proved issued or rejected. What is found before paying begins is counted in the report alone."""
        if not self._payments:
            return
        self._issued += len(paid)
        self._rejected += len(rejected)
        self._paid = add((self._paid, *(item.amount for item in paid)))
        now_ns = time.monotonic_ns()
        if self._console.draws:
            if now_ns - self._drawn_ns >= DRAW_EVERY_NS:
                self._drawn_ns = now_ns
                self._console.progress(self._line(now_ns, under_way))
        elif now_ns - self._drawn_ns >= SAY_EVERY_NS:
            self._drawn_ns = now_ns
            self._console.say(self._line(now_ns, under_way))

    def note(self, text: str) -> None:
        """Something a person should know."""
        self._console.say(visible(self._clean(text)))

    def _line(self, now_ns: int, under_way: int) -> str:
        done = self._issued + self._rejected
        elapsed_ns = max(now_ns - self._begun_ns, 1)
        rate = done * 10_000_000_000 // elapsed_ns
        parts = [f"{done:,} of {self._payments:,}", f"{Money(self._paid, self._amount.currency)} paid"]
        if self._rejected:
            parts.append(f"{self._rejected:,} rejected")
        parts.append(f"{rate // 10}.{rate % 10} a second")
        if done and done < self._payments:
            left_s = (self._payments - done) * elapsed_ns // done // 1_000_000_000
            parts.append(f"{duration(left_s)} left")
        if under_way:
            parts.append(f"{under_way} under way")
        return " · ".join(parts)


def _payments(count: int) -> str:
    return "payment" if count == 1 else "payments"
