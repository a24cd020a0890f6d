"""Whatever bytes a spec, a data file or a config holds: bonuses and typed diagnostics, never an exception."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconcile.config import load_config
from reconcile.diagnostics import Diagnostics
from reconcile.render.diagnostics import render_github, render_json, render_text
from tests.spec.conftest import HEAD, Project

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

_OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069]")
_PIECES = st.sampled_from(
    [
        "version: 1\n", "campaign: c\n", "provider: toloka\n", "bonuses:\n", "  - ", "user_id: w1\n", "    amount: 1.00\n",
        "{", "}", "[", "]", ", ", ": ", "- ", "&a ", "*a", "!!str ", "!x ", "<<: ", "? ", "| \n", "> \n", "'", '"', "\\", "#",
        "---\n", "...\n", "%YAML 1.1\n", "\t", "\r\n", "\r", "\n", "\x00", "\x1b", "\u2028", "\ufeff", "\x85", "~", "null",
        "vars: {a: b}", "formerly: {key: ~}", "allow: [repeat]", "from: data/a.csv", "fields: {key: a}", "{a}", "{{", "}}",
        "public_title: ", "EN", "without_message: true", "defaults: ", "budget: 1", "é", "\U0001f600", "x" * 200,
    ]
)  # fmt: skip
_SOUP = st.lists(_PIECES, max_size=40).map("".join).map(str.encode)
_BYTES = st.one_of(st.binary(max_size=400), _SOUP, _SOUP.map(lambda text: HEAD.encode() + b"bonuses:\n  - " + text))
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)
_NAMES = st.sampled_from(
    ["user_id", "amount", "assignment_id", "private_comment", "public_title", "without_message", "x", ""]
)


def everything_is_said(project: Project) -> None:
    """Texts of all bonuses can be made, and diagnostics be shown in every format."""
    for desired in project.read():
        assert desired.bonus_id == desired.identity("").bonus_id
        desired.texts()
    found = project.diagnostics
    text = render_text(found, color=False)
    assert not _OBEYED.search(text)
    json.dumps(render_json(found))
    # GitHub shows ten a step; the tenth says how many more there are.
    assert render_github(found).count("\n") == min(len(found.found), 10)
    assert all(diagnostic.code and diagnostic.summary and diagnostic.place for diagnostic in found)


@quick
@given(_BYTES)
def test_any_bytes_as_a_spec(project: Project, data: bytes) -> None:
    """A spec of any bytes."""
    project.write("w.yaml", data)
    everything_is_said(project)


@quick
@given(st.dictionaries(_NAMES, _VALUES, max_size=6), _VALUES)
def test_any_values_as_a_bonus(project: Project, bonus: dict[str, object], defaults: object) -> None:
    """Well-formed YAML with values of every shape in every field."""
    spec = {"version": "1", "campaign": "c", "provider": "toloka", "defaults": defaults, "bonuses": [bonus]}
    project.write("w.yaml", json.dumps(spec))
    everything_is_said(project)


@quick
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(st.lists(st.one_of(st.text(max_size=8), _NAMES), max_size=5), max_size=6).map(
            lambda rows: "\n".join(",".join(row) for row in rows).encode("utf-8", "replace")
        ),
    ),
    st.sampled_from(
        ["", '    private_comment: "{x}"\n', "    fields: {key: x, public_title: {EN: amount}}\n    amount: 1\n"]
    ),
)
def test_any_bytes_as_a_table(project: Project, data: bytes, entry: str) -> None:
    """CSV of any bytes."""
    project.write("data/a.csv", b"user_id,amount,x\n" + data)
    project.write("w.yaml", f"{HEAD}bonuses:\n  - from: data/a.csv\n{entry}")
    everything_is_said(project)


@quick
@given(
    st.one_of(
        st.binary(max_size=300), st.dictionaries(_NAMES, _VALUES, max_size=6).map(lambda row: json.dumps(row).encode())
    ),
    st.sampled_from(
        ["", '    private_comment: "{x}"\n', "    fields: {key: x, public_title: {EN: amount}}\n    amount: 1\n"]
    ),
)
def test_any_bytes_as_json_lines(project: Project, data: bytes, entry: str) -> None:
    """JSONL of any bytes, and of any values."""
    project.write("data/a.jsonl", data)
    project.write("w.yaml", f"{HEAD}bonuses:\n  - from: data/a.jsonl\n{entry}")
    everything_is_said(project)


@quick
@given(
    st.one_of(
        st.binary(max_size=300),
        _SOUP,
        _VALUES.map(lambda value: json.dumps({"version": 1, "providers": value}).encode()),
    )
)
def test_any_bytes_as_a_config(tmp_path: Path, data: bytes) -> None:
    """A config of any bytes gives settings, or diagnostics that say why not."""
    path = tmp_path / "bonusctl.yaml"
    path.write_bytes(data)
    diagnostics = Diagnostics()
    assert (load_config(path, diagnostics, {}) is None) == (diagnostics.errors > 0)
    render_text(diagnostics, color=True)


@pytest.mark.parametrize(
    "hostile",
    [
        b"[" * 200_000,
        b"{a: " * 100_000,
        b"- " * 200_000,
        b"? " * 100_000,
        b"a: &a [" + b"*a, " * 100_000,
        b"'" + b"x" * 6_000_000,
        b"version: 1\nbonuses:\n- " + b"k: v\n  " * 20_000,
        b"version: 1\nbonuses:\n- {vars: {" + b"".join(b"k%d: v, " % number for number in range(20_000)) + b"}}",
        b"version: 1\nbonuses: [" + b"a, " * 50_000 + b"]",
        b"#" * 6_000_000,
        b"\n" * 6_000_000,
        b"a: |\n" + b"  x\n" * 1_500_000,
        b"version: 1\ncampaign: c\nprovider: toloka\nbonuses:\n" + b"- {amonut: 1.00}\n" * 20_000,
        b"version: 1\ncampaign: c\nprovider: toloka\nbonuses:\n- {user_id: '" + b"[x/" * 50_000 + b"'}\n",
        b"version: 1\n" + b"token" * 20_000 + b": x\n",
        b"version: 1\n" + b"".join(b"k%d: 1\n" % number for number in range(20_000)),
    ],
)
def test_hostile_sizes_end(project: Project, hostile: bytes) -> None:
    """Great depth, width and length end in a diagnostic; nothing recurses with them and nothing grows with them."""
    project.write("w.yaml", hostile)
    assert project.read() == []
    assert project.diagnostics.errors > 0
