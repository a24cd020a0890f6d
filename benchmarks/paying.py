"""One turn of paying: a fresh server, a project with nothing paid but one bonus, and the process that pays the rest.

The very first payment of an account goes alone and is read back. That happens once in an account's life, so that one
bonus of a small campaign is paid before, unmeasured; what is measured is the apply after it.
"""

import shutil
from collections.abc import Callable
from typing import Final, NamedTuple

from benchmarks import made
from benchmarks.bench import OURS, YARDSTICKS, Bench
from benchmarks.measuring import Case, Figure, measure
from benchmarks.serving import Counted, Serving, serving

CONFIG: Final = """\
version: 1
providers:
  toloka:
    type: toloka
    environment: emulator
    endpoint: {endpoint}
    batch_size: {batch}
    concurrency: {slots}
    daily_request_limit: 1000000
"""
_APPLY: Final = ("-q", "apply", "--auto-approve")


class Terms(NamedTuple):
    """How is paid: so many payments, so many of them in a request, so many requests in flight, answered so late."""

    payments: int
    batch: int
    slots: int
    latency_ms: int


class Turn(NamedTuple):
    """What one turn cost, and what the server counted."""

    figure: Figure
    counted: Counted


def apply_once(bench: Bench, terms: Terms) -> Turn:
    """bonusctl pays all of it."""
    folder = bench.scratch / "paying"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "specs").mkdir(parents=True)
    (folder / "state").mkdir()
    with serving(latency_ms=terms.latency_ms) as server:
        config = CONFIG.format(endpoint=server.endpoint, batch=terms.batch, slots=terms.slots)
        (folder / "bonusctl.yaml").write_text(config)
        made.write_yaml(folder / "specs", range(1), "first")
        measure([*OURS, *_APPLY], folder=folder, environ={"TOLOKA_TOKEN": "any"})
        made.write_csv(folder / "specs", range(terms.payments))
        server.reset()
        return _counted(server, lambda: measure([*OURS, *_APPLY], folder=folder, environ={"TOLOKA_TOKEN": "any"}))


def post_once(bench: Bench, terms: Terms, python: str) -> Turn:
    """Bare httpx posts the same bodies."""
    bodies = made.bodies_file(bench, terms.payments, terms.batch)
    script = str(YARDSTICKS / "post_bodies.py")
    with serving(latency_ms=terms.latency_ms) as server:
        command = [python, script, server.endpoint, str(bodies), str(terms.slots)]
        return _counted(server, lambda: measure(command, folder=bench.scratch))


def kit_once(bench: Bench, terms: Terms, way: str) -> Turn:
    """toloka-kit pays as many in one of its ways."""
    script = str(YARDSTICKS / "kit_pay.py")
    with serving(latency_ms=terms.latency_ms) as server:
        command = [str(bench.kit), script, way, server.endpoint, str(terms.payments)]
        return _counted(server, lambda: measure(command, folder=bench.scratch))


def case(name: str, shown: str, turn: Callable[[], Turn], kept: list[Counted] | None = None) -> Case:
    """A contender whose turn is `turn`. `kept` gets what the server counted."""

    def play() -> Figure:
        figure, counted = turn()
        if kept is not None:
            kept.append(counted)
        return figure

    return Case(name, shown, play)


def _counted(server: Serving, play: Callable[[], Figure]) -> Turn:
    figure = play()
    counted = server.counted()
    return Turn(figure._replace(items=counted.payments, paying_s=counted.paying_s), counted)
