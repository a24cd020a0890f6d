"""The recorded run as tables: JSON in, Markdown out, and into the page between its markers. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from benchmarks.peers.contenders import CONTENDERS, Contender
from benchmarks.peers.counting import Count
from benchmarks.peers.stories import STORIES, Story

BEGIN: Final = "<!-- written by `make peers`: begin -->"
END: Final = "<!-- written by `make peers`: end -->"
_NAMES: Final = {"toloka": "Toloka", "mturk": "Mechanical Turk"}
_HEAD: Final = (
    "| | once | twice or more | never | too much | said wrongly | not said | exit codes | sends, requests |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |\n"
)


class Record(NamedTuple):
    """A recorded run: when and with what, and a count for each story and contender, by their keys."""

    about: str
    seed: int
    counts: Mapping[tuple[str, str], Count]


def render(record: Record) -> str:
    """Everything that stands between the markers."""
    parts = [f"{record.about} Seed {record.seed}.\n"]
    for platform, name in _NAMES.items():
        parts.append(f"## {name}\n\n{_summary(record, platform)}")
        parts += [_table(record, story, platform) for story in STORIES if platform in story.platforms]
    return "\n".join(parts)


def insert(page: str, text: str) -> str:
    """The page with this text between its markers. Raises ValueError if it has none."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{text}\n{END}{after}"


def to_json(record: Record) -> dict[str, object]:
    """The record as a document."""
    counts = [[story, who, *value] for (story, who), value in sorted(record.counts.items())]
    return {"about": record.about, "seed": record.seed, "fields": list(Count._fields), "counts": counts}


def from_json(document: Mapping[str, object]) -> Record:
    """The inverse of `to_json`."""
    rows, seed = document["counts"], document["seed"]
    assert isinstance(rows, list)
    assert isinstance(seed, int)
    return Record(str(document["about"]), seed, {(row[0], row[1]): Count(*row[2:]) for row in rows})


def _table(record: Record, story: Story, platform: str) -> str:
    lines = [
        _line(one.label, record.counts[story.key, one.key])
        for one in _of(platform)
        if (story.key, one.key) in record.counts
    ]
    return f"### {story.title}\n\n{story.says}\n\n{_HEAD}{''.join(lines)}"


def _summary(record: Record, platform: str) -> str:
    told = [story for story in STORIES if platform in story.platforms]
    head = (
        f"All {len(told)} stories together.\n\n"
        "| | asked | once | twice or more | never | too much | said wrongly | not said | what it is |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n"
    )
    lines = []
    for one in _of(platform):
        counts = [record.counts[story.key, one.key] for story in told if (story.key, one.key) in record.counts]
        lines.append(_sum_line(one, counts))
    return head + "".join(lines)


def _of(platform: str) -> list[Contender]:
    return [one for one in CONTENDERS if one.platform == platform]


def _line(label: str, one: Count) -> str:
    return (
        f"| {label} | {one.once} | {_loud(one.twice)} | {one.never} | {_loud(one.too_much)} | {_loud(one.wrong)} "
        f"| {one.unsaid} | {one.exits} | {one.sends}, {one.requests} |\n"
    )


def _sum_line(who: Contender, counts: Sequence[Count]) -> str:
    # In cents: amounts have two decimals.
    cents = sum(int(one.too_much.replace(".", "")) for one in counts)
    return (
        f"| {who.label} | {sum(one.asked for one in counts)} | {sum(one.once for one in counts)} "
        f"| {_loud(sum(one.twice for one in counts))} | {sum(one.never for one in counts)} "
        f"| {_loud(f'{cents // 100}.{cents % 100:02d}')} | {_loud(sum(one.wrong for one in counts))} "
        f"| {sum(one.unsaid for one in counts)} | {who.note} |\n"
    )


def _loud(figure: int | str) -> str:
    return str(figure) if figure in (0, "0.00") else f"**{figure}**"
