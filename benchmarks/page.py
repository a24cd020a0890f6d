"""RESULTS.md, made from the record and from nothing else: first every ratio with its limit, then every process."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from benchmarks.record import Claim, Entry, Point, Row

_HEAD: Final = """\
# Benchmarks, as last recorded

`make bench` measures all of it anew (about {minutes} minutes of measuring on two cores, and the making of a million issued bonuses
the first time); `make bench BENCH_ONLY=yaml,startup` measures some of it, `BENCH_SCALE=0.01` has a quick look and
records nothing. This page is made from [results.json](results.json).

Every figure is a whole process, its interpreter's start included: CPU seconds (user and system, of it and of the processes it
waited for), wall seconds, peak memory (of all its processes together). The machine's speed is not steady: contenders take turns
within a run, a figure is the median of its rounds, a ratio the median of the ratios of each round. Figures of different
benchmarks are not to be compared. Each says how busy the machine was when it began: where that load is above 1, other work
took turns as well, and wall seconds and rates say little.

## Ratios and their limits

{summary}

| what | against | measured | limit | |
| --- | --- | ---: | ---: | --- |
"""
PLOT: Final = "growth.svg"


def render_page(entries: Mapping[str, Entry], order: Sequence[str]) -> str:
    """The page as Markdown, benchmarks in `order`. One of them without an entry is named as not measured."""
    shown = [(name, entries[name]) for name in order if name in entries]
    claims = [claim for _, entry in shown for claim in entry.claims if claim.sense]
    minutes = -(-sum(entry.seconds for _, entry in shown) // 60)
    missing = [f"`{name}`" for name in order if name not in entries]
    summary = _summary(claims) + (f" Not measured yet: {', '.join(missing)}." if missing else "")
    lines = [_HEAD.format(minutes=minutes, summary=summary).rstrip("\n")]
    lines += [_claim_line(claim) for claim in claims]
    for name, entry in shown:
        lines += ["", *_section(name, entry)]
    return "\n".join(lines) + "\n"


def terminal_lines(entry: Entry) -> Iterator[str]:
    """An entry in short, for whoever waits."""
    for row in entry.rows:
        yield f"  {row.name}: {f'not run: {row.not_run}' if row.not_run else _in_words(row)}"
    for claim in entry.claims:
        yield f"  {claim.what} / {claim.against}: {_number(claim)} {_limit(claim)} {claim.verdict}".rstrip()
    for point in entry.points:
        yield f"  {point.series}, {point.items:,}: {point.cpu_us:.2f} µs an item, {point.mb:.0f} MB"


def _summary(claims: list[Claim]) -> str:
    counts = {
        verdict: sum(claim.verdict == verdict for claim in claims) for verdict in ("reached", "missed", "not run")
    }
    return f"{counts['reached']} reached, {counts['missed']} missed, {counts['not run']} not run."


def _claim_line(claim: Claim) -> str:
    verdict = f"**{claim.verdict}**" if claim.verdict == "missed" else claim.verdict
    against = f"{claim.against} ({claim.note})" if claim.note else claim.against
    return f"| {claim.what} | {against} | {_number(claim)} | {_limit(claim)} | {verdict} |"


def _section(name: str, entry: Entry) -> Iterator[str]:
    yield f"## {entry.title}"
    yield ""
    yield entry.text
    yield ""
    if entry.rows:
        yield "| process | CPU s | wall s | peak MB | a second | command |"
        yield "| --- | ---: | ---: | ---: | ---: | --- |"
        for row in entry.rows:
            if row.not_run:
                yield f"| {row.name} | | | | | not run: {row.not_run} |"
            else:
                cells = _cells(row)
                yield f"| {' | '.join(cells)} | `{row.command}` |"
        yield ""
    if entry.points:
        yield from _growth(entry.points)
    beside = [claim for claim in entry.claims if not claim.sense]
    for claim in beside:
        yield f"{claim.what}, against {claim.against}: {_number(claim)} (no limit)."
        yield ""
    yield _measured_with(name, entry)


def _growth(points: tuple[Point, ...]) -> Iterator[str]:
    sizes = sorted({point.items for point in points})
    found = {(point.series, point.items): point for point in points}
    yield f"| CPU µs an item (peak MB) | {' | '.join(f'{size:,}' for size in sizes)} |"
    yield f"| --- |{' ---: |' * len(sizes)}"
    for series in dict.fromkeys(point.series for point in points):
        cells = [f"{found[series, size].cpu_us:.2f} ({found[series, size].mb:.0f})" for size in sizes]
        yield f"| {series} | {' | '.join(cells)} |"
    yield ""
    yield f"![CPU time an item, from {sizes[0]:,} to {sizes[-1]:,}]({PLOT})"
    yield ""


def _measured_with(name: str, entry: Entry) -> str:
    machine, tools = entry.machine, ", ".join(f"{tool} {version}" for tool, version in entry.versions.items())
    return (
        f"<sub>`{name}`: commit {entry.commit or 'unknown'}, {entry.day}, {entry.rounds} round{'' if entry.rounds == 1 else 's'} in {entry.seconds} s; "
        f"{machine['processor']}, {machine['system']}, load {machine['load']} at the start; {tools}.</sub>"
    )


def _cells(row: Row) -> list[str]:
    rate = "" if row.rate is None else f"{row.rate:,.0f} {row.unit}"
    return [row.name, _seconds(row.cpu_s), _seconds(row.wall_s), "" if row.mb is None else f"{row.mb:.0f}", rate]


def _in_words(row: Row) -> str:
    _, cpu, wall, memory, rate = _cells(row)
    return f"{cpu} CPU s, {wall} s, {memory} MB" + (f", {rate} a second" if rate else "")


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def _number(claim: Claim) -> str:
    if claim.value is None:
        return ""
    return f"{_short(claim.value)} {claim.unit}".strip()


def _limit(claim: Claim) -> str:
    return (
        f"{claim.sense} {_short(claim.limit)} {claim.unit}".strip() if claim.sense and claim.limit is not None else ""
    )


def _short(value: float) -> str:
    """Digits enough to tell it from its limit."""
    if value == int(value):
        return f"{int(value):,}"
    if value >= 10:
        return f"{value:,.1f}"
    return f"{value:.3f}".rstrip("0").rstrip(".") if value >= 0.1 else f"{value:.4f}"
