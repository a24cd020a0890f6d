"""Specs and configs that are made to exhaust a reader: a diagnostic with its place, within 200 MB, and no traceback."""

import os
from pathlib import Path

import pytest

from tests.security.bounded import bounded
from tests.support.cli import project

HEAD = b"version: 1\ncampaign: c\nprovider: toloka\n"
LAUGHS = b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (level, level, b", ".join([b"*a%d" % (level - 1)] * 10)) for level in range(1, 12)
)
BOMBS = {
    "a billion laughs": LAUGHS,
    "depth in flow style": b"[" * 1_000_000,
    "depth in block style": b"- " * 500_000,
    "depth of keys": b"{a: " * 300_000,
    "depth of complex keys": b"? " * 300_000,
    "depth by indentation": b"".join(b" " * level + b"a:\n" for level in range(3_000)),
    "one long scalar": b"campaign: '" + b"x" * 20_000_000 + b"'\n",
    "one long plain scalar": b"campaign: " + b"x" * 20_000_000,
    "one long key": b"x" * 20_000_000 + b": 1\n",
    "one long comment": b"# " + b"x" * 20_000_000,
    "a block scalar without end": b"campaign: |\n" + b"  x\n" * 4_000_000,
    "many keys": HEAD + b"".join(b"k%d: 1\n" % number for number in range(200_000)),
    "many wrong rows": HEAD + b"bonuses:\n" + b"- {amonut: 1.00}\n" * 200_000,
    "many documents": b"---\na: 1\n" * 200_000,
    "many anchors": b"".join(b"k%d: &a%d x\n" % (number, number) for number in range(100_000)),
    "many tags": b"a: !<tag:yaml.org,2002:python/object/apply:os.system> [touch was-run]\n" * 50_000,
    "many directives": b"%TAG ! tag:x,2000:\n" * 100_000,
    "escapes": b'campaign: "' + b"\\U0001F600" * 1_000_000 + b'"\n',
    "empty lines": b"\n" * 20_000_000,
    "nothing but NUL": b"\0" * 20_000_000,
    "a quote that is never closed": b'campaign: "' + b"x\n\n" * 2_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_for_a_spec_ends_in_a_diagnostic_within_its_limits(tmp_path: Path, name: str) -> None:
    project(tmp_path)
    for path in (tmp_path / "specs").rglob("*.*"):
        path.unlink()
    (tmp_path / "specs" / "bomb.yaml").write_bytes(BOMBS[name])
    ended = bounded(tmp_path, "validate", "--format", "json")
    assert ended.code == 1, ended.err[-500:]
    found = ended.json()
    assert found["valid"] is False
    assert found["diagnostics"][0]["path"] == "specs/bomb.yaml"
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize(
    "name", ["a billion laughs", "depth in flow style", "one long scalar", "many tags", "many keys"]
)
def test_a_bomb_for_a_config_ends_in_a_diagnostic_within_its_limits(tmp_path: Path, name: str) -> None:
    project(tmp_path)
    (tmp_path / "bonusctl.yaml").write_bytes(BOMBS[name])
    ended = bounded(tmp_path, "plan")
    assert ended.code == 1
    assert "bonusctl.yaml" in ended.err
    assert "Traceback" not in ended.err
    assert not list(tmp_path.rglob("crash-*"))


ROWS = {
    "one long cell.csv": b"user_id,amount\n" + b"x" * 50_000_000 + b",1.00\n",
    "one long line.jsonl": b'{"user_id": "' + b"x" * 50_000_000 + b'", "amount": "1.00"}\n',
    "a quote that is never closed.csv": b'user_id,amount\n"' + b"x\n" * 5_000_000,
    "many columns.csv": b"user_id,amount," + b",".join(b"c%d" % n for n in range(200_000)) + b"\n",
    "depth.jsonl": b'{"user_id": ' + b"[" * 1_000_000 + b"\n",
    "many wrong rows.csv": b"user_id,amount\n" + b"w,1e9\n" * 300_000,
    "a long number.jsonl": b'{"user_id": "w", "amount": ' + b"9" * 5_000_000 + b"}\n",
}


@pytest.mark.parametrize("name", ROWS)
def test_a_bomb_for_a_data_file_ends_in_a_diagnostic_within_its_limits(tmp_path: Path, name: str) -> None:
    project(tmp_path)
    for path in (tmp_path / "specs").rglob("*.*"):
        path.unlink()
    (tmp_path / "specs" / "rows").mkdir()
    (tmp_path / "specs" / "rows" / name).write_bytes(ROWS[name])
    (tmp_path / "specs" / "c.yaml").write_bytes(HEAD + f'bonuses:\n- from: "rows/{name}"\n'.encode())
    ended = bounded(tmp_path, "validate", "--format", "json")
    assert ended.code == 1, ended.err[-500:]
    assert ended.json()["diagnostics"]
    assert not list(tmp_path.rglob("crash-*"))


def test_a_sparse_file_of_a_terabyte_is_refused_by_its_size(tmp_path: Path) -> None:
    project(tmp_path)
    with (tmp_path / "specs" / "huge.yaml").open("wb") as file:
        os.truncate(file.fileno(), 1 << 40)
    ended = bounded(tmp_path, "validate")
    assert ended.code == 1
    assert "specs/huge.yaml" in ended.out + ended.err
