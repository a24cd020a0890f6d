"""What the project stands on: few packages, each with its reason, locked with hashes that fit what is asked for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.security.audit import Outcome, read_outcome, verdict

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
LOCKED_LINE = re.compile(
    r"^([A-Za-z0-9._-]+)==([^ \\;]+)([^\\]*)((?: \\\n    --hash=sha256:[0-9a-f]{64})*)\n", re.MULTILINE
)


def locked(path: Path) -> dict[str, str]:
    """Package → version, of a lock. One version of each for every Python, or the last that it names."""
    return {canonicalize_name(found[1]): found[2] for found in LOCKED_LINE.finditer(path.read_text())}


def asked_for() -> list[Requirement]:
    lists = [PROJECT["project"]["dependencies"], PROJECT["dependency-groups"]["dev"]]
    return [Requirement(line) for one in lists for line in one]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_locked_package_has_its_hashes(path: Path) -> None:
    text = path.read_text()
    found = list(LOCKED_LINE.finditer(text))
    assert len(found) == sum(1 for line in text.splitlines() if "==" in line and not line.startswith(" "))
    assert [one[1] for one in found if "--hash=sha256:" not in one[4]] == []


def test_the_lock_holds_what_the_project_asks_for_in_versions_that_fit() -> None:
    versions = locked(ROOT / "requirements" / "dev.txt")
    wrong = [
        str(one)
        for one in asked_for()
        if not one.specifier.contains(versions.get(canonicalize_name(one.name), "0"), prereleases=True)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "requirements").glob("*.in")))
def test_what_other_environments_ask_for_is_locked_in_versions_that_fit(name: str) -> None:
    path = ROOT / "requirements" / name
    versions = locked(path.with_suffix(".txt"))
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    asked = [Requirement(line) for line in lines if line and not line.startswith("-")]
    assert asked
    assert [str(one) for one in asked if not one.specifier.contains(versions[canonicalize_name(one.name)])] == []


def test_no_package_is_taken_from_an_address_or_a_branch() -> None:
    for path in (*LOCKS, ROOT / "pyproject.toml"):
        assert not re.search(
            r"(?m)^[^#\n]*(?:@ (?:https?|git|file)|git\+|--index-url|--extra-index-url)", path.read_text()
        )


def test_the_runtime_stands_on_these_packages_and_each_says_why() -> None:
    names = sorted(Requirement(line).name for line in PROJECT["project"]["dependencies"])
    assert names == ["click", "deepdiff", "httpcore", "httpx", "pyyaml", "sqlite-utils"]
    text = (ROOT / "pyproject.toml").read_text()
    for name in names:
        assert re.search(rf'"{name}[>=.\d]+",\s+# \S+', text), name


def test_make_installs_by_hash_alone() -> None:
    makefile = (ROOT / "Makefile").read_text()
    installs = [line for line in makefile.splitlines() if "pip install" in line and "uv" not in line.split()[-1:]]
    assert installs
    assert [line for line in installs if "--require-hashes" not in line and "--no-deps --editable" not in line] == []


# --- the audit's own verdicts ----------------------------------------------------------------------------------------

CLEAN = '{"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "version": "2", "vulns": []}]}'
AFFECTED = '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}]}'
PARTLY = '{"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "not found"}]}'


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (CLEAN, 0, ["x: 2 packages asked about, 0 advisories"]),
        (AFFECTED, 1, ["x: 1 packages asked about, 1 advisories", "  a 1: PYSEC-1"]),
        (PARTLY, 3, ["x: 1 packages asked about, 0 advisories", "x: not run for 1: b"]),
    ],
)
def test_an_audit_says_what_it_asked(text: str, code: int, said: list[str]) -> None:
    assert verdict({"x": read_outcome(text)}) == (code, said)


def test_an_audit_that_could_ask_nothing_has_not_passed() -> None:
    assert verdict({"x": None}) == (3, ["x: not run: the advisory service could not be asked"])
    assert verdict({"x": Outcome((), ("a",), ())})[0] == 3
