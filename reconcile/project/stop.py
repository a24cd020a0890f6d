"""Ctrl-C and SIGTERM: the first asks the run to end well, the second ends it at once.

While a person is asked a question, nothing is in flight, and the first one ends the run.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class StopControl:
    """`protocol.ports.Control` of this process. `told` is called with the sentence for a person, from the
    signal's handler: it must not need a buffer that another write may hold.
    """

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._requested = False
        self._asking = False

    def stop_requested(self) -> bool:
        """A stop was asked for once."""
        return self._requested

    @contextmanager
    def listening(self) -> Iterator["StopControl"]:
        """Take the signals for as long as a run goes."""
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """A question is open: a signal answers it."""
        self._asking = True
        try:
            if self._requested:
                raise KeyboardInterrupt
            yield
        finally:
            self._asking = False

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._asking or self._requested:
            self._requested = True
            raise KeyboardInterrupt
        self._requested = True
        self._told("Stopping: nothing new is sent, what is in flight is settled. Once more to stop at once.")
