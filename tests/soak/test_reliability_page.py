"""docs/reliability.md: every figure comes from a suite, every suite and command is there, the shares are the defaults."""

import ast
import re
from pathlib import Path

import pytest

from tests.soak.claims import CLAIMS, Claim
from tests.soak.page import PAGE, drawn
from tests.soak.record import ROOT
from tests.soak.shares import SHARES, Share, jobs

BY_NAME = {share.name: share for share in SHARES}


def functions(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.FunctionDef)}


def assert_there(test: str) -> None:
    path, _, function = test.partition("::")
    assert (ROOT / path).exists(), path
    assert not function or function in functions(ROOT / path), test


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.says[:40])
def test_each_claim_names_tests_and_a_share_that_exist(claim: Claim) -> None:
    for test in claim.tests:
        assert_there(test)
    assert not claim.share or claim.share in BY_NAME


@pytest.mark.parametrize("share", SHARES, ids=lambda share: share.name)
def test_each_share_names_tests_that_exist_and_variables_that_they_read(share: Share) -> None:
    for test in share.tests:
        assert_there(test)
    read = "".join((ROOT / test.partition("::")[0]).read_text() for test in share.tests)
    for name in share.environ:
        assert name in read, name


def test_each_share_is_claimed_on_the_page() -> None:
    assert {claim.share for claim in CLAIMS} - {""} == set(BY_NAME)


def test_the_table_is_what_the_suites_told() -> None:
    """`make figures` and `make soak` write it; a figure that is typed by hand fails here."""
    page = PAGE.read_text()
    assert drawn(page) == page


def test_each_make_target_on_the_page_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"make ([a-z-]+)", PAGE.read_text()))
    assert named >= {"test", "soak", "figures"}
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_each_file_and_folder_on_the_page_exists() -> None:
    text = PAGE.read_text()
    named = re.findall(r"`((?:tests|reconcile|docs|benchmarks)/[\w/.*-]+)`", text)
    named += [f"docs/{name}" for name in re.findall(r"\]\(([\w./-]+\.(?:md|json))\)", text)]
    assert len(named) > 20
    for name in named:
        assert list(ROOT.glob(name.rstrip("/"))), name


DEFAULTS = {
    "2,000 random histories": ("tests/sim/test_random_histories.py", r"SEEDS = .*\"2000\""),
    "one bad choice whole and with two on the small world": ("tests/sim/test_every_history.py", r"DEEPEST = .*\"2\""),
    "120 kills": ("tests/kill/test_kill_points.py", r"KILLS = .*\"120\""),
}


@pytest.mark.parametrize("words", DEFAULTS)
def test_a_share_of_make_test_on_the_page_is_the_default_in_the_code(words: str) -> None:
    path, default = DEFAULTS[words]
    assert words in " ".join(PAGE.read_text().split())
    assert re.search(default, (ROOT / path).read_text())


def test_the_shares_of_a_soak_are_those_on_the_page() -> None:
    """100,000 random histories, three bad choices, all pairs of crash points, 5,000 kills."""
    assert BY_NAME["histories"].environ == {"BONUSCTL_HISTORIES": "100000"}
    assert BY_NAME["three"].environ == {"BONUSCTL_EXHAUSTIVE_K": "3"}
    assert BY_NAME["pairs"].environ == {"BONUSCTL_CRASH_PAIRS": "1"}
    assert BY_NAME["kills"].environ == {"BONUSCTL_KILLS": "5000"}
    for words in ("100,000 random histories", "three bad choices", "all pairs of crash points", "5,000 kills"):
        assert words in " ".join(PAGE.read_text().split())


def test_the_parts_of_all_machines_are_the_whole_soak() -> None:
    whole = [job.name for job in jobs(frozenset())]
    assert len(set(whole)) == sum(share.parts for share in SHARES)
    parts = [job.name for part in (1, 2, 3) for job in jobs(frozenset(), part, 3)]
    assert sorted(parts) == sorted(whole)


def test_the_named_shares_of_a_soak_advance_together_and_come_first() -> None:
    """A soak that is stopped half-way has played about half of each."""
    first = [job.share.name for job in jobs(frozenset())]
    named = ["histories", "kills", "pairs", "three"]
    assert set(first[:261]) == set(named)
    half = first[:130]
    assert [half.count(name) for name in named] == [50, 21, 50, 9]
