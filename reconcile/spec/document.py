"""Specs as a stream of desired bonuses: what the planner reads.

A spec is read once, from its first byte to its last, and gives its bonuses as it goes; only their ids are kept, to see
an identity that stands twice. Where the head does not come first (a file written by a program, with sorted keys), it
is looked for in a reading of its own. Nothing is raised for what stands in a file: it becomes a diagnostic.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from reconcile.diagnostics import Diagnostics
from reconcile.model import Block, Campaign, Desired
from reconcile.settings import Settings
from reconcile.spec.bonus import BonusReader
from reconcile.spec.doubles import Doubles
from reconcile.spec.events import Reader, collector_paused
from reconcile.spec.files import SPEC_BYTES_MAX, SpecFile, open_regular, unreadable
from reconcile.spec.finish import Finisher
from reconcile.spec.from_entry import FROM_KEYS, Way, read_rows
from reconcile.spec.head import HEAD_KEYS, REQUIRED, Head, HeadNodes, read_head, unknown_head_key
from reconcile.spec.nodes import Node, is_absent, place, what
from reconcile.spec.report import Report, Unreadable
from reconcile.spec.source import Source

_TAIL: Final = 1 << 16
# How lines begin that belong to the key before them (or to nothing).
_WITHIN: Final = (b"", b" ", b"-", b"#", b"\t", b"]", b".", b"\r")


def read_specs(settings: Settings, files: Sequence[SpecFile], diagnostics: Diagnostics) -> Iterator[Desired]:
    """Every bonus that the specs ask for, one by one: what `read_blocks` gives."""
    return each(read_blocks(settings, files, diagnostics))


def read_blocks(
    settings: Settings, files: Sequence[SpecFile], diagnostics: Diagnostics, way: Way | None = None
) -> Iterator[Desired | Block]:
    """Every bonus that the specs ask for, in their order, while problems go to `diagnostics`. Rows of data files come in
    blocks where they are of the usual kind. `way`: how they are read, on one core where nothing is said.

    An identity that stands twice, and files of one campaign that disagree, are reported when all has been read. With
    errors in `diagnostics` the stream is not whole: it is then no base for a plan.
    """
    doubles = Doubles()
    ids = doubles.ids
    campaigns: list[Campaign] = []
    way = Way(1, []) if way is None else way
    with collector_paused():
        for file in files:
            for desired in _bonuses(settings, file, diagnostics, campaigns, way):
                if isinstance(desired, Block):
                    doubles.meet_all(desired.bonus_ids)
                elif desired.formerly is not None:
                    doubles.meet(desired)
                else:
                    ids += desired.bonus_id
                yield desired
        _agree(campaigns, files, diagnostics)
        if doubles.found:
            again = (desired for file in files for desired in _bonuses(settings, file, Diagnostics(), [], Way(1, [])))
            doubles.report(each(again), diagnostics)


def each(found: Iterable[Desired | Block]) -> Iterator[Desired]:
    """Bonuses one by one, out of their blocks."""
    for desired in found:
        if isinstance(desired, Block):
            yield from desired.bonuses()
        else:
            yield desired


def campaign_heads(settings: Settings, files: Sequence[SpecFile], diagnostics: Diagnostics) -> tuple[Campaign, ...]:
    """Each file's campaign, without its bonuses; a file whose head cannot be read is reported and left out."""
    campaigns = []
    for file in files:
        with _report(file, diagnostics) as report, _catching(report), _reading(report) as reader:
            head = _head_alone(reader, settings, report)
            if head is not None and head.campaign.name:
                campaigns.append(head.campaign)
    _agree(campaigns, files, diagnostics)
    return tuple(campaigns)


def _agree(campaigns: Sequence[Campaign], files: Sequence[SpecFile], diagnostics: Diagnostics) -> None:
    """Report files of one campaign that differ in provider or budget."""
    paths = {file.shown: file.path for file in files}
    first: dict[str, Campaign] = {}
    for campaign in campaigns:
        other = first.setdefault(campaign.name, campaign)
        differing = [name for name in ("provider", "budget") if getattr(campaign, name) != getattr(other, name)]
        with _report(SpecFile(paths[campaign.path], campaign.path), diagnostics) as report:
            for name in differing:
                ours, theirs = _said(getattr(campaign, name)), _said(getattr(other, name))
                report.error(
                    "campaign-differs",
                    f"Two files of campaign `{campaign.name}` differ in `{name}`",
                    detail=f"Here it is {ours}, in {other.path}:{_line(other, name)} it is {theirs}.",
                    hint="Let both say the same, or give one of them another campaign.",
                    line=_line(campaign, name),
                    column=1,
                )


def _line(campaign: Campaign, name: str) -> int:
    return campaign.budget_line or campaign.line if name == "budget" else campaign.line


def _said(value: object) -> str:
    return "not set" if value is None else f"`{value}`"


def _report(file: SpecFile, diagnostics: Diagnostics) -> Report:
    return Report(diagnostics, file.shown, partial(open_regular, file.path, bytes_max=SPEC_BYTES_MAX))


@contextmanager
def _catching(report: Report) -> Iterator[None]:
    """Whatever ends the reading of a file becomes a diagnostic."""
    try:
        yield
    except Unreadable as problem:
        report.unreadable(problem)
    except OSError as error:
        report.unreadable(unreadable(error))


@contextmanager
def _reading(report: Report) -> Iterator[Reader]:
    """A reader of the file, whose problems are raised as Unreadable or OSError."""
    with report.opener() as stream:
        reader = Reader(Source(stream), report)
        with reader.translating():
            yield reader


def _head_alone(reader: Reader, settings: Settings, report: Report) -> Head | None:
    """The head; the reading stops at `bonuses:` where nothing of the head can follow."""
    nodes: HeadNodes = {}
    reader.open_document()
    for key in reader.top_level():
        if key.value != "bonuses":
            nodes[key.value] = (key, reader.node())
        elif _head_is_first(nodes, report):
            break
        else:
            reader.skip()
    return read_head(nodes, settings, report)


def _head_is_first(nodes: HeadNodes, report: Report) -> bool:
    """Whether nothing of the head comes after `bonuses:`, as far as the end of the file tells.

    True with a head that lacks nothing necessary and a file whose last line at the margin belongs to `bonuses:`. A
    key that comes later all the same is met when the stream arrives there, and refused.
    """
    if any(name not in nodes for name in REQUIRED):
        return False
    key = nodes["version"][0]
    if key.start_mark.column != 0:
        return False
    with report.opener() as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        lines = file.read(_TAIL).splitlines()[1 if size > _TAIL else 0 :]
    last = next((line for line in reversed(lines) if line[:1] not in _WITHIN), b"bonuses:")
    return last.startswith((b"bonuses", b'"bonuses', b"'bonuses"))


def _bonuses(
    settings: Settings, file: SpecFile, diagnostics: Diagnostics, campaigns: list[Campaign], way: Way
) -> Iterator[Desired | Block]:
    """The bonuses of one file; its campaign goes to `campaigns`."""
    with _report(file, diagnostics) as report, _catching(report), _reading(report) as reader:
        head: Head | None = None
        nodes: HeadNodes = {}
        streamed = False
        reader.open_document()
        for key in reader.top_level():
            if key.value not in HEAD_KEYS:
                unknown_head_key(key, report)
                reader.node()
            elif streamed:
                _late(key, report)
                reader.node()
            elif key.value != "bonuses":
                nodes[key.value] = (key, reader.node())
            else:
                streamed = _head_is_first(nodes, report)
                if streamed:
                    head = read_head(nodes, settings, report)
                else:
                    head = _head_elsewhere(settings, file, report)
                    nodes["bonuses"] = (key, None)
                if head is not None and head.campaign.name:
                    campaigns.append(head.campaign)
                yield from _entries(reader, head, file, report, way)
        reader.close_document()
        if "bonuses" not in nodes and not streamed:
            read_head(nodes, settings, report)
            _no_bonuses(report)


def _head_elsewhere(settings: Settings, file: SpecFile, report: Report) -> Head | None:
    """The head by a reading of its own. Its problems are reported, those of the YAML only in the main reading."""
    nodes: HeadNodes = {}
    with _report(file, Diagnostics()) as aside, _catching(aside), _reading(aside) as reader:
        reader.open_document()
        for key in reader.top_level():
            if key.value == "bonuses":
                reader.skip()
            else:
                nodes[key.value] = (key, reader.node())
    return read_head(nodes, settings, report)


def _entries(reader: Reader, head: Head | None, file: SpecFile, report: Report, way: Way) -> Iterator[Desired | Block]:
    """The bonuses below `bonuses:`."""
    if not reader.begin_sequence("bonuses"):
        return
    if head is None:
        for _ in reader.entries():
            pass
        return
    finisher = Finisher(head)
    bonuses = BonusReader(head, finisher)
    reader.known = head.reader.known | FROM_KEYS
    for entry, values in reader.entries():
        if not isinstance(values, dict):
            _not_a_bonus(values, report)
        elif "from" in values:
            yield from read_rows(entry, values, reader.strange, finisher, file, way)
        else:
            desired = bonuses.desired(entry, values, reader.strange)
            if desired is not None:
                yield desired


def _no_bonuses(report: Report) -> None:
    report.error(
        "missing",
        "`bonuses` is missing",
        hint="Add `bonuses:` with a list; `bonuses: []` says that there are none.",
        line=1,
        column=1,
    )


def _late(key: Any, report: Report) -> None:
    line, column = place(key)
    report.error(
        "late-key",
        f"`{key.value}` stands after the bonuses",
        detail="A spec is read as a stream: what its bonuses share must be known before them.",
        hint="Move it above `bonuses:`.",
        line=line,
        column=column,
    )


def _not_a_bonus(node: Node, report: Report) -> None:
    line, column = place(node)
    empty = is_absent(node)
    report.error(
        "type",
        "An empty entry" if empty else f"An entry of `bonuses` is {what(node)}, not a mapping",
        hint="Write fields below the `-`: `- {user_id: …, amount: …}`.",
        line=line,
        column=column,
    )
