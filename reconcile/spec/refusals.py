"""What the reader of YAML refuses although it is YAML: whatever makes a value mean something else than it says."""

from typing import Any

from yaml.events import AliasEvent

from reconcile.spec.nodes import place
from reconcile.spec.report import Report, Unreadable, quoted

_WHY = "What a bonus says must stand where it stands."


def refuse_key(report: Report, key: Any, first_line: int) -> None:
    """Report a merge key, or one that stands a second time; `first_line` is the first one's, 0 if not known."""
    line, column = place(key)
    if key.value == "<<":
        report.error(
            "merge-key",
            "Merge keys (`<<`) are not read",
            detail=_WHY,
            hint="Use `defaults:` for what all bonuses of a file share.",
            line=line,
            column=column,
        )
        return
    first = f" The first one is in line {first_line}." if first_line else ""
    report.error(
        "duplicate-key",
        f"{quoted(key.value)} stands twice in the same mapping",
        detail=f"Programs disagree which of two values counts.{first}",
        hint="Keep one of them.",
        line=line,
        column=column,
    )


def refuse_decorated(report: Report, event: Any) -> None:
    """Report an anchor or a tag, if the event has one."""
    if event.anchor is None and event.tag is None:
        return
    line, column = place(event)
    if event.anchor is not None:
        report.error(
            "anchor",
            f"Anchors ({quoted('&' + event.anchor)}) are not read",
            detail=_WHY,
            hint="Write the value out; `defaults:` holds what all bonuses of a file share.",
            line=line,
            column=column,
        )
    if event.tag is not None:
        report.error(
            "tag",
            f"Tags ({quoted(event.tag)}) are not read",
            detail="Every value is read as the text that stands in the file.",
            hint='Take the tag away; put the text in "quotes" if it begins with `!`.',
            line=line,
            column=column,
        )


def no_key(event: Any) -> Unreadable:
    """The problem of a key that is no text."""
    if event.__class__ is AliasEvent:
        return alias(event)
    line, column = place(event)
    return Unreadable(
        "key", "A key is a list or a mapping", hint="Keys are plain words: `user_id: …`.", line=line, column=column
    )


def alias(event: Any) -> Unreadable:
    """The problem of an alias."""
    line, column = place(event)
    return Unreadable(
        "alias",
        f"Aliases ({quoted('*' + event.anchor)}) are not read",
        detail=_WHY,
        hint='Write the value out; put it in "quotes" if it is a text that begins with `*`.',
        line=line,
        column=column,
    )


def too_deep(event: Any, depth_max: int) -> Unreadable:
    """The problem of a value nested too deeply."""
    line, column = place(event)
    return Unreadable("depth", f"Values are nested deeper than {depth_max} levels", line=line, column=column)


def too_many(event: Any, nodes_max: int) -> Unreadable:
    """The problem of an entry with too many values."""
    line, column = place(event)
    return Unreadable("nodes", f"An entry of more than {nodes_max:,} values", line=line, column=column)
