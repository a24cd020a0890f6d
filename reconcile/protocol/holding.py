"""How long the list of payments is left alone, where the provider said so.

A list that answers with a time to come back is not read again before that time, whoever waits for it. A time that is
not soon, and that `--wait` does not cover, closes the list: what it alone could prove is left in doubt.
"""

from reconcile.protocol.context import Context
from reconcile.protocol.gateway import is_long, over_ms
from reconcile.providers.base import Trouble, Unread
from reconcile.times import SECOND_MS


class Hold:
    """No reading begins before `until_ms` (boot-time clock); 0 where nothing holds one up."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._closed_by: Unread | None = None
        self.until_ms = 0

    def heed(self, answer: Unread) -> None:
        """The list was not read: the longest time that any answer names is kept."""
        until_ms = _until_ms(self._context, answer)
        if until_ms > self.until_ms:
            self.until_ms = until_ms
            self._closed_by = answer if is_beyond(self._context, answer) else None

    def closed_by(self) -> Unread | None:
        """The answer because of which nobody waits for the list now; None where it is open, or will be soon."""
        return self._closed_by if self._context.gateway.moment().boottime_ms < self.until_ms else None


def is_beyond(context: Context, answer: Unread) -> bool:
    """Whether what the provider wants waited for takes longer than this run waits: more than a short time, and more than
    `--wait` covers.
    """
    patient = answer.trouble is not Trouble.QUOTA and context.is_patient(answer.retry_after_s or 0)
    return is_long(answer) and not patient


def _until_ms(context: Context, answer: Unread) -> int:
    """When an answer allows the question again, by the boot-time clock; 0 where it names no time."""
    now = context.gateway.moment()
    if answer.trouble is Trouble.QUOTA:
        over = over_ms(answer, now)
        return 0 if over is None else now.boottime_ms + over - now.wall_ms
    return 0 if answer.retry_after_s is None else now.boottime_ms + int(answer.retry_after_s * SECOND_MS)
