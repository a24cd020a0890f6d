"""Diagnostics as text, JSON and GitHub annotations."""

from dataclasses import replace
from typing import Any

from reconcile.diagnostics import ERRORS_SHOWN_MAX, Diagnostic, Diagnostics, Place, Severity
from reconcile.render.diagnostics import render_github, render_json, render_text


def error(source: str = "", column: int = 1, **more: Any) -> Diagnostic:
    made = Diagnostic(
        severity=Severity.ERROR,
        code="x",
        summary="A mistake",
        detail="It matters.",
        hint="Mend it.",
        place=Place("a.yaml", 7, column),
        source=source,
    )
    return replace(made, **more)


def test_text_has_place_line_caret_reason_and_help() -> None:
    """The whole of one diagnostic, and the count at the end."""
    assert render_text([error("  amount: x", 11)], color=False) == (
        "a.yaml:7:11: error: A mistake\n7 |   amount: x\n  |           ^\n  It matters.\n  help: Mend it.\n\n1 error\n"
    )


def test_nothing_to_say() -> None:
    """No diagnostics, no text."""
    assert render_text([], color=False) == ""


def test_without_place_and_line() -> None:
    """A diagnostic of the whole file, and one of no file."""
    whole = Diagnostic(severity=Severity.WARNING, code="x", summary="Odd", place=Place("a.yaml"))
    nowhere = Diagnostic(severity=Severity.ERROR, code="x", summary="Bad")
    assert render_text([whole, nowhere], color=False) == (
        "a.yaml: warning: Odd\n\nerror: Bad\n\n1 error and 1 warning\n"
    )


def test_the_caret_stands_under_tabs_and_wide_characters() -> None:
    """Tabs are four blanks, wide characters two cells, combining marks none."""
    for source, column, shown, caret in (
        ("\ta: x", 5, "    a: x", 7),
        ("検査: x", 5, "検査: x", 6),
        ("e\u0301: x", 5, "e\u0301: x", 3),
        ("a\x1b: x", 5, "a\\x1b: x", 7),
    ):
        lines = render_text([error(source, column)], color=False).splitlines()
        assert lines[1] == f"7 | {shown}"
        assert lines[2] == f"  | {' ' * caret}^"


def test_long_lines_are_cut_around_the_column() -> None:
    """The part around the mistake is shown, and the caret still stands under it."""
    lines = render_text([error("a" * 300 + "!" + "b" * 300, 301)], color=False).splitlines()
    assert lines[1] == f"7 | …{'a' * 60}!{'b' * 39}…"
    assert lines[2] == f"  | {' ' * 61}^"


def test_hostile_text_is_shown() -> None:
    """Nothing from a file reaches the terminal as a command."""
    hostile = "\x1b[2J\u202egnp\n::error::x"
    text = render_text([error(hostile, 1, summary=hostile, detail=hostile, hint=hostile)], color=False)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\n::" not in text
    assert "\\x1b[2J\\u202egnp\\n::error::x" in text.splitlines()[0]


def test_colour_only_where_it_is_asked_for() -> None:
    """The same text, with colours around its parts."""
    assert "\x1b" not in render_text([error()], color=False)
    assert "\x1b[1;31merror\x1b[0m" in render_text([error()], color=True)


def test_a_command_in_a_hint_stands_alone() -> None:
    """A hint's further lines are lines of their own."""
    text = render_text([error(hint="Set this:\nA=b")], color=False)
    assert text == "a.yaml:7:1: error: A mistake\n  It matters.\n  help: Set this:\n      A=b\n\n1 error\n"


def test_what_is_left_out_is_counted() -> None:
    """Past a thousand, problems are counted."""
    diagnostics = Diagnostics()
    for _ in range(ERRORS_SHOWN_MAX + 2):
        diagnostics.error("x", "A mistake")
    assert render_text(diagnostics, color=False).endswith("\n1000 errors, and 2 more that are not shown\n")
    assert render_json(diagnostics)["valid"] is False


def test_json_of_validate() -> None:
    """The document that programs read."""
    diagnostics = [
        error("secret line", 3),
        Diagnostic(severity=Severity.WARNING, code="y", summary="Odd", place=Place("b.yaml")),
        Diagnostic(severity=Severity.WARNING, code="z", summary="Odd"),
    ]
    assert render_json(diagnostics) == {
        "format_version": 1,
        "valid": False,
        "diagnostics": [
            {
                "severity": "error",
                "code": "x",
                "summary": "A mistake",
                "detail": "It matters.",
                "hint": "Mend it.",
                "path": "a.yaml",
                "line": 7,
                "column": 3,
            },
            {
                "severity": "warning",
                "code": "y",
                "summary": "Odd",
                "detail": "",
                "hint": "",
                "path": "b.yaml",
                "line": None,
                "column": None,
            },
            {
                "severity": "warning",
                "code": "z",
                "summary": "Odd",
                "detail": "",
                "hint": "",
                "path": None,
                "line": None,
                "column": None,
            },
        ],
    }
    assert render_json(diagnostics[1:])["valid"] is True
    assert render_json([]) == {"format_version": 1, "valid": True, "diagnostics": []}


def test_github_annotations() -> None:
    """One workflow command a diagnostic, escaped as GitHub reads it."""
    found = [
        error(column=3, summary="50% off: a, b"),
        Diagnostic(severity=Severity.WARNING, code="y", summary="Odd\n::error::x", place=Place("a,b:c.yaml")),
    ]
    assert render_github(found) == (
        "::error file=a.yaml,line=7,col=3,title=50%25 off%3A a%2C b::It matters.%0AMend it.\n"
        "::warning file=a%2Cb%3Ac.yaml,line=1,col=1,title=Odd\\n%3A%3Aerror%3A%3Ax::Odd\\n::error::x\n"
    )


def test_nine_annotations_are_all_shown() -> None:
    """At the limit nothing is left out."""
    assert render_github([error()] * 9).count("\n") == 9


def test_past_nine_annotations_the_rest_is_counted_errors_first() -> None:
    """GitHub drops what is past ten of a step without a word."""
    warnings = [error(severity=Severity.WARNING)] * 9
    lines = render_github([*warnings, error(), error()]).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error"] * 2 + ["::warning"] * 8
    assert lines[9] == "::warning title=And 2 more::`bonusctl validate` shows all of them."


def test_findings_that_were_only_counted_are_counted_here_too() -> None:
    """Past a thousand errors the collector keeps none; the number stays true."""
    lines = render_github([error()] * 10, left_out=1000).splitlines()
    assert lines[9] == "::error title=And 1,001 more::`bonusctl validate` shows all of them."
