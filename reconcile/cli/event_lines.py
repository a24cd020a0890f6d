"""A run as a program watches it: `--format jsonl` writes each event to stdout as soon as it is durable."""

from collections.abc import Callable, Sequence, Set

from reconcile.cli.console import Console
from reconcile.cli.progress import ConsoleProgress
from reconcile.money import Money
from reconcile.protocol.report import LeftBonus, Paid
from reconcile.render.event_json import issued_event, note_event, paying_event, phase_event, rejected_event
from reconcile.render.mask import Masker
from reconcile.render.mask_report import mask_settled


class EventLines(ConsoleProgress):
    """`protocol.ports.Progress`: the lines for programs beside those for people. `masker`: nobody is named, None for
    everything as it is; `met` grows by whom the run meets.
    """

    def __init__(
        self,
        console: Console,
        clean: Callable[[str], str] = str,
        masker: Masker | None = None,
        met: Set[str] = frozenset(),
    ) -> None:
        super().__init__(console, clean)
        self._lines = console
        self._masker = masker
        self._met = met
        self._lines.one_line = True

    def phase(self, text: str) -> None:
        """A step of the run begins."""
        super().phase(text)
        self._lines.document(phase_event(self._clean(text)))

    def paying(self, provider: str, *, payments: int, amount: Money) -> None:
        """Sending begins."""
        super().paying(provider, payments=payments, amount=amount)
        self._lines.document(paying_event(provider, payments=payments, amount=amount))

    def settled(self, paid: Sequence[Paid], *, rejected: Sequence[LeftBonus], under_way: int) -> None:
        """Payments were proved issued or rejected: a line each."""
        super().settled(paid, rejected=rejected, under_way=under_way)
        if self._masker is not None:
            paid, rejected = mask_settled(paid, rejected, self._masker, self._met)
        for one in paid:
            self._lines.document(issued_event(one))
        for left in rejected:
            self._lines.document(rejected_event(left))

    def note(self, text: str) -> None:
        """Something a person should know."""
        super().note(text)
        self._lines.document(note_event(self._clean(text)))
