"""`{name}` and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.spec.suggest import closest, did_you_mean
from reconcile.spec.templates import Template, TemplateProblem, parse_template


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("", Template(("",), ())),
        ("plain", Template(("plain",), ())),
        ("{a}", Template(("", ""), ("a",))),
        ("x {a} y {b_2} z", Template(("x ", " y ", " z"), ("a", "b_2"))),
        ("{bonus usd}{a-b}{ü}", Template(("", "", "", ""), ("bonus usd", "a-b", "ü"))),
        ("{{a}}", Template(("{a}",), ())),
        ("{{{a}}}", Template(("{", "}"), ("a",))),
        ("{{}}", Template(("{}",), ())),
    ],
)
def test_templates(text: str, template: Template) -> None:
    """Texts, names between them, and braces that stand for themselves."""
    assert parse_template(text) == template


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("{", 0), ("a}", 1), ("{}", 0), ("{ }", 0), ("{0}", 0), ("x{a.b}", 1), ("{a[0]}", 0), ("{a!r}", 0), ("{a:>9}", 0),
        ("{ a}", 0), ("{a }", 0), ("{a\n}", 0), ("{__class__.x}", 0), ("{a{b}}", 0), ("{{a}", 3), ("{a}}", 3),
    ],
)  # fmt: skip
def test_what_is_no_template(text: str, at: int) -> None:
    """Formats, attributes, indices, positions and lone braces are refused where they stand."""
    problem = parse_template(text)
    assert isinstance(problem, TemplateProblem)
    assert problem.at == at


@given(st.text())
def test_any_text_can_be_escaped(text: str) -> None:
    """With its braces doubled, every text says itself."""
    assert parse_template(text.replace("{", "{{").replace("}", "}}")) == Template((text,), ())


def test_the_nearest_name() -> None:
    """A misspelled name, another case, a dash; and none where nothing is near."""
    known = ["user_id", "amount", "public_title"]
    assert [closest(word, known) for word in ("ammount", "UserID", "public-title", "zzz", "")] == [
        "amount",
        "user_id",
        "public_title",
        "",
        "",
    ]
    assert did_you_mean("zzz", known, kind="fields") == "The fields here: `user_id`, `amount`, `public_title`."
    assert did_you_mean("zzz", [], kind="fields") == "There are no fields here."
