"""The plot of growth: CPU time an item over the number of items, both logarithmic, as an SVG of our own few lines."""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil, floor, log10
from typing import Final

from benchmarks.record import Point

WIDTH: Final = 720
HEIGHT: Final = 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 170, 20, 50
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#999999", "#555555", "#cc79a7")
_STYLE: Final = (
    "text{font:12px sans-serif;fill:#333}.grid{stroke:#ddd}.line{fill:none;stroke-width:2}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}}"
)


def render_plot(points: Sequence[Point]) -> str:
    """The SVG's text. There is at least one point."""
    series = {name: [point for point in points if point.series == name] for name in _names(points)}
    # Those that are bounded by others come first in the key, as their lines lie in the plot: the dearest on top.
    ordered = sorted(series.items(), key=lambda one: -one[1][-1].cpu_us)
    across = _Scale([point.items for point in points], _LEFT, WIDTH - _RIGHT)
    up = _Scale([point.cpu_us for point in points], HEIGHT - _BOTTOM, _TOP)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>CPU time an item by the number of items</title>",
        f"<style>{_STYLE}</style>",
        *_grid(across, up),
    ]
    for place, (name, found) in enumerate(ordered):
        lines += _series(name, found, colour=_COLOURS[place % len(_COLOURS)], across=across, up=up)
    lines += _names_beside([(name, up.at(found[-1].cpu_us)) for name, found in ordered])
    return "\n".join([*lines, "</svg>"]) + "\n"


class _Scale:
    """A logarithmic axis from the power of ten below the least value to the one above the largest."""

    def __init__(self, values: Iterable[float], start: int, end: int) -> None:
        logs = [log10(value) for value in values]
        self.low = floor(min(logs) + 1e-9)
        self.high = max(self.low + 1, ceil(max(logs) - 1e-9))
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        """Where a value lies."""
        share = (log10(value) - self.low) / (self.high - self.low)
        return round(self._start + share * (self._end - self._start), 1)

    def powers(self) -> list[int]:
        """The powers of ten on it."""
        return list(range(self.low, self.high + 1))


def _names(points: Sequence[Point]) -> list[str]:
    return list(dict.fromkeys(point.series for point in points))


def _grid(across: _Scale, up: _Scale) -> Iterator[str]:
    left, right, top, bottom = _LEFT, WIDTH - _RIGHT, _TOP, HEIGHT - _BOTTOM
    for power in across.powers():
        x = across.at(10**power)
        yield f'<line class="grid" x1="{x}" y1="{top}" x2="{x}" y2="{bottom}"/>'
        yield f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{10**power:,}</text>'
    for power in up.powers():
        y = up.at(10.0**power)
        yield f'<line class="grid" x1="{left}" y1="{y}" x2="{right}" y2="{y}"/>'
        yield f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{10.0**power:,g} µs</text>'
    yield f'<text x="{(left + right) / 2}" y="{HEIGHT - 10}" text-anchor="middle">bonuses, all of them issued</text>'


def _series(name: str, points: Sequence[Point], *, colour: str, across: _Scale, up: _Scale) -> Iterator[str]:
    places = [(across.at(point.items), up.at(point.cpu_us)) for point in points]
    joined = " ".join(f"{x},{y}" for x, y in places)
    dashes = ' stroke-dasharray="4 4"' if "alone" in name else ""
    yield f'<polyline class="line" stroke="{colour}"{dashes} points="{joined}"/>'
    for (x, y), point in zip(places, points, strict=True):
        told = f"{name}, {point.items:,}: {point.cpu_us:.2f} µs"
        yield f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"><title>{told}</title></circle>'


def _names_beside(ends: Sequence[tuple[str, float]]) -> Iterator[str]:
    """Each line's name at its right end, pushed down where two would cover each other."""
    last = float("-inf")
    for place, (name, y) in enumerate(ends):
        last = round(max(y, last + 15), 1)
        colour = _COLOURS[place % len(_COLOURS)]
        yield f'<rect x="{WIDTH - _RIGHT + 10}" y="{last - 4}" width="9" height="9" fill="{colour}"/>'
        yield f'<text x="{WIDTH - _RIGHT + 24}" y="{last + 5}">{name}</text>'
