"""`make mutants`: every mutant against its known killer and against the simulation; docs/mutants.md is written from it.

BONUSCTL_MUTANT_S: seconds for each mutant in each suite (60). Exit code 1 where one is noticed by nothing and has no
reason to stand, or was never active.
"""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.mutants.driver import Verdict
from tests.mutants.registry import BY_NAME, MUTANTS, RANDOM, Mutant
from tests.mutants.suites import SUITES, Suite, against_killer
from tests.mutants.switching import load_everything

PAGE = Path(__file__).parents[2] / "docs" / "mutants.md"
SECONDS = int(os.environ.get("BONUSCTL_MUTANT_S", "60"))
HISTORIES = tuple(suite for suite in SUITES if suite.counts == "histories")

HEAD = """\
# Mutants: mistakes planted in the protocol, and who notices

Each row is a rule of the protocol, switched off in the production code itself: one of its functions is replaced while a
suite runs, and the replacement must have been called. `make test` runs each mutant against the test that is known to
notice it; `make mutants` writes this page. A number is how many histories were played until one broke a promise;
"not in N" that {seconds} seconds of histories did not show it, and the named test alone does.

| mutant | what it does | noticed by | one bad choice | random |
| --- | --- | --- | ---: | ---: |
"""


def cell(verdict: Verdict) -> str:
    """Histories until it was noticed, in words."""
    if verdict.broken:
        return "not run"
    if not verdict.calls:
        return "never active"
    return str(verdict.ran) if verdict.killed else f"not in {verdict.ran}"


def plants_of(mutant: Mutant) -> Sequence[Mutant]:
    """The mutant, and its partner where it is noticed in a pair only."""
    return (mutant, BY_NAME[mutant.with_]) if mutant.with_ else (mutant,)


def noticed(mutant: Mutant, verdict: Verdict | None) -> str:
    """Who notices, in words."""
    if verdict is None:
        return f"defence in depth: {mutant.why}"
    who = f"{RANDOM}, the first {verdict.ran}" if mutant.killer == RANDOM else f"`{mutant.killer.replace('::', '` `')}`"
    return f"{who}, together with *{mutant.with_}*: {mutant.why}" if mutant.with_ else who


def row(mutant: Mutant) -> tuple[str, bool]:
    """The line of the table, and whether all is as the registry says."""
    plants = [one.plant for one in plants_of(mutant)]
    verdict = against_killer(plants, mutant.killer, 120) if mutant.killer else None
    found = {suite.name: suite.run([mutant.plant], SECONDS) for suite in HISTORIES}
    good = verdict.killed if verdict is not None else bool(mutant.why)
    cells = [mutant.name, mutant.rule, noticed(mutant, verdict), *(cell(found[suite.name]) for suite in HISTORIES)]
    return f"| {' | '.join(cells)} |", good


def unplanted(suite: Suite) -> str:
    """The suite without any mutant: it must find nothing, or its findings prove nothing."""
    verdict = suite.run([], SECONDS)
    return verdict.by or verdict.broken


def main() -> int:
    """Run all, write the page."""
    load_everything()
    for suite in HISTORIES:
        wrong = unplanted(suite)
        if wrong:
            print(f"{suite.name} fails without any mutant: {wrong}")
            return 1
    lines, bad = [], []
    for mutant in MUTANTS:
        line, good = row(mutant)
        print(line, flush=True)
        lines.append(line)
        if not good:
            bad.append(mutant.name)
    killed = sum(1 for mutant in MUTANTS if mutant.killer)
    tail = (
        f"\n{len(MUTANTS)} mutants: {killed} noticed, {len(MUTANTS) - killed} kept as defence in depth. "
        f"Recorded {datetime.now(UTC):%Y-%m-%d}.\n"
    )
    # What stands below the table is written by hand, from `make mutate`.
    _, found, below = (PAGE.read_text() if PAGE.exists() else "").partition("\n## Small mutants")
    PAGE.write_text(HEAD.format(seconds=SECONDS) + "\n".join(lines) + "\n" + tail + found + below)
    print("\n".join(f"not as the registry says: {name}" for name in bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
