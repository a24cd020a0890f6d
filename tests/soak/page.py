"""The table of figures in docs/reliability.md, made from what the suites told: `make figures` and `make soak` write it.

`python -m tests.soak.page FOLDER` takes what a run of pytest left in FOLDER (BONUSCTL_FIGURES) into docs/figures.json
first; without a folder the table alone is drawn anew.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from tests.soak.claims import CLAIMS, Claim
from tests.soak.record import RECORD, ROOT, git
from tests.support.figures import Tally, read

PAGE: Final = ROOT / "docs" / "reliability.md"
FIGURES: Final = ROOT / "docs" / "figures.json"
BEGIN: Final = "<!-- figures: begin (made by `make figures` and `make soak`) -->"
END: Final = "<!-- figures: end -->"
HEAD: Final = """\
| claim | in `make test` | in the recorded soak | again, with `.venv/bin/python -m` or |
| --- | --- | --- | --- |
"""


def tallies_of(claim: Claim, figures: dict[str, Any]) -> Tally:
    """What its tests told, added up."""
    total = Tally()
    for test, row in figures.items():
        if any(
            test == name or ("::" not in name and test.startswith((f"{name}/", f"{name}::"))) for name in claim.tests
        ):
            total.take(Tally(**row))
    return total


def in_test(claim: Claim, figures: dict[str, Any]) -> str:
    """The cell of `make test`."""
    total = tallies_of(claim, figures)
    counted = [f"{total.figures[name]:,} {name}" for name in claim.counts if name in total.figures]
    failed = f", **{total.failed} failed**" if total.failed else ""
    not_run = f", {total.not_run} not run" if total.not_run and not claim.share else ""
    if not total.cases:
        return "not recorded yet"
    if claim.counts and not counted:
        return "in the soak alone" if claim.share else "not run"
    return (", ".join(counted) or f"{total.passed:,} tests") + failed + not_run


def in_soak(claim: Claim, shares: dict[str, Any]) -> str:
    """The cell of the soak: how far the share got, whole or not."""
    share = shares.get(claim.share)
    if share is None:
        return "–"
    if not share["played"]:
        return "not played"
    counted = []
    for name in claim.counts:
        if name in share["figures"]:
            asked = share["asked"].get(name, 0)
            of = f" of {asked:,}" if asked > share["figures"][name] else ""
            counted.append(f"{share['figures'][name]:,}{of} {name}")
    whole = "whole" if share["played"] == share["parts"] else f"{share['played']} of {share['parts']} parts"
    failed = f", **{share['failed']} parts failed**" if share["failed"] else ""
    return f"{', '.join(counted)} ({whole}){failed}" if counted else f"{whole}{failed}"


def row(claim: Claim, figures: dict[str, Any], shares: dict[str, Any]) -> str:
    """One line of the table."""
    again = f"`{claim.command}`" + (f" · `SOAK_SHARES={claim.share} make soak`" if claim.share else "")
    return f"| {claim.says} | {in_test(claim, figures)} | {in_soak(claim, shares)} | {again} |\n"


def table(figures: dict[str, Any], record: dict[str, Any]) -> str:
    """The table and where its figures come from."""
    shares = {share["name"]: share for share in record.get("shares", [])}
    lines = "".join(row(claim, figures, shares) for claim in CLAIMS)
    if not record:
        return f"{HEAD}{lines}\nNo soak is recorded.\n"
    on = record["machine"]
    minutes = (record["ended_s"] - record["began_s"]) // 60
    played = sum(share["seconds"] for share in record["shares"]) // 60
    first = record["failed_first"]
    said = f"failed first: {first}" if first else "nothing failed"
    return (
        f"{HEAD}{lines}\nThe recorded soak: commit `{record['commit'][:12]}`, {minutes} minutes from its first part to its last, "
        f"whose parts took {played} minutes in all, several at once, on {on['cores']} cores "
        f"({on['processor']}, {on['system']}, Python {on['python']}, SQLite {on['sqlite']}); {said}. "
        "All of it stands in [soak.json](soak.json), the counts of `make test` in [figures.json](figures.json).\n"
    )


def load(path: Path) -> dict[str, Any]:
    """A record, or nothing where there is none yet."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def drawn(page: str) -> str:
    """The page with the table as it must be."""
    head, rest = page.split(BEGIN)
    _, tail = rest.split(END)
    return f"{head}{BEGIN}\n{table(load(FIGURES).get('tests', {}), load(RECORD))}{END}{tail}"


def collect(folder: Path) -> None:
    """Take the counts of the tests that the page names."""
    wanted: dict[str, Any] = load(FIGURES).get("tests", {})
    for test, tally in read(folder).items():
        if any(tallies_of(claim, {test: _plain(tally)}).cases for claim in CLAIMS):
            wanted[test] = _plain(tally)
    record = {"format_version": 1, "commit": git("rev-parse", "HEAD"), "tests": dict(sorted(wanted.items()))}
    FIGURES.write_text(json.dumps(record, indent=1) + "\n")


def _plain(tally: Tally) -> dict[str, Any]:
    kinds = {name: number for name, number in tally.figures.items() if ": " not in name}
    return {"passed": tally.passed, "failed": tally.failed, "not_run": tally.not_run, "figures": kinds}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        collect(Path(sys.argv[1]))
    PAGE.write_text(drawn(PAGE.read_text()))
