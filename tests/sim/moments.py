"""What happens at one moment of a run: it dies, sleeps, is overtaken; a disk or a connection fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.support.points import Crash

if TYPE_CHECKING:
    from tests.sim.history import History
    from tests.sim.machine import Machine

SLEEP_MS: Final = 3_600_000
JUMPS_MS: Final = (7_200_000, -7_200_000, 90_000_000)
ASLEEP_MS: Final = (10_000, 1_000_000)
GOES_ON: Final = "goes on"
DIES: Final = "dies"
ASIDE: Final = "is pushed aside while it sleeps"
MEANWHILE: Final = "the other machine runs meanwhile"
SLEEPS: Final = "sleeps an hour"
JUMPS: Final = "its clock jumps"
CORE: Final = ("after commit", "request carried out, no answer yet")
"""The points whose deaths differ: what is durable, and what the provider has done, change nowhere else."""


class Moments:
    """The choices at every point of a history's runs. `depth`: within a run that overtakes another."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.depth = 0

    def at_point(self, machine: Machine, name: str) -> None:
        """A run has come to a point."""
        history = self._history
        core = history.shape.core
        if core and (name not in CORE or (name != "after commit" and not machine.sending)):
            return
        outcomes = [GOES_ON, DIES]
        if not core and self.depth == 0:
            outcomes += [ASIDE, MEANWHILE] if history.shape.nested else []
            outcomes += [SLEEPS, JUMPS] if name == "request leaves" else []
        about = name if self.depth == 0 else f"{name}, meanwhile"
        outcome = outcomes[history.chooser.pick(about, len(outcomes))]
        if outcome == GOES_ON:
            return
        history.struck[f"{outcome} ({name})"] += 1
        if outcome == DIES:
            raise Crash(name)
        history.tell(f"  {machine.name} at: {name}: {outcome}")
        match outcome:
            case "sleeps an hour":
                history.clock.advance(SLEEP_MS)
            case "its clock jumps":
                history.clock.skew_ms += JUMPS_MS[history.chooser.place("jump", len(JUMPS_MS))]
            case _:
                self._overtaken(machine, aside=outcome == ASIDE)

    def _overtaken(self, machine: Machine, *, aside: bool) -> None:
        history = self._history
        self.depth += 1
        try:
            if aside:
                history.clock.advance(ASLEEP_MS[history.chooser.place("asleep", len(ASLEEP_MS))])
                machine.pushed_aside()
                machine.play(wait_s=0)
            elif history.may_share():
                history.beside(machine).play(wait_s=0)
        finally:
            self.depth -= 1

    def disk(self) -> int:
        """What becomes of a commit: 0 it is durable, 1 it is not and fails, 2 it is, and fails all the same."""
        history = self._history
        if not history.shape.disk:
            return 0
        outcome = history.chooser.pick("disk", 2 if history.shape.core else 3)
        if outcome:
            history.struck["a commit fails"] += 1
            history.tell(f"  a commit fails{', though it is durable' if outcome == 2 else ''}")
        return outcome

    def connection(self) -> str:
        """Why a request does not leave this host, "" where it does."""
        history = self._history
        if history.shape.core or not history.chooser.pick("connection", 2):
            return ""
        history.struck["the connection is refused"] += 1
        history.tell("  the connection is refused")
        return "connection refused"
