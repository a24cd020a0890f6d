"""The operations that a run watches, found by id, by payment and by stage without looking through all of them."""

from collections.abc import Mapping
from types import MappingProxyType

from reconcile.protocol.track import Stage, Track
from reconcile.state.ledger import OperationItem

Open = Mapping[bytes, tuple[Track, OperationItem]]
"""Payments that are open, by id, each with its operation."""


class Watched:
    """Every track in it is at one stage; `move` alone changes that."""

    def __init__(self) -> None:
        self._tracks: dict[bytes, Track] = {}
        self._payments: dict[bytes, tuple[Track, OperationItem]] = {}
        self._stages: dict[Stage, dict[bytes, Track]] = {stage: {} for stage in Stage}
        self._where: dict[bytes, Stage] = {}
        self.tracks: Mapping[bytes, Track] = MappingProxyType(self._tracks)
        self.payments: Open = MappingProxyType(self._payments)

    def __len__(self) -> int:
        return len(self._tracks)

    def __contains__(self, track: Track) -> bool:
        return track.operation.operation_id in self._tracks

    def add(self, track: Track, stage: Stage) -> None:
        """Watch an operation from now on."""
        self._tracks[track.operation.operation_id] = track
        for item in track.open_items:
            self._payments[item.payment_id] = (track, item)
        self.move(track, stage)

    def move(self, track: Track, stage: Stage) -> None:
        """From now on it is at this stage."""
        name = track.operation.operation_id
        if name in self._where:
            del self._stages[self._where[name]][name]
        track.stage = self._where[name] = stage
        self._stages[stage][name] = track

    def at(self, stage: Stage) -> tuple[Track, ...]:
        """Those at a stage, in the order in which they came to it."""
        return tuple(self._stages[stage].values())

    def any_at(self, stage: Stage) -> bool:
        """Whether any is at a stage."""
        return bool(self._stages[stage])

    def forget(self, track: Track) -> None:
        """Watch it no more. Its stage stays what it is."""
        name = track.operation.operation_id
        if self._tracks.pop(name, None) is None:
            return
        del self._stages[self._where.pop(name)][name]
        for item in track.operation.items:
            self._payments.pop(item.payment_id, None)
