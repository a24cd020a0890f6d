"""Every mutant against its known killer, one JSON line each: a program of its own, since it forks."""

import json
import sys

from tests.mutants.registry import MUTANTS
from tests.mutants.run_mutants import plants_of
from tests.mutants.suites import against_killer
from tests.mutants.switching import load_everything


def main() -> None:
    """Half of them where two programs share the work: `killers 0 2`, `killers 1 2`."""
    part, parts = int(sys.argv[1]), int(sys.argv[2])
    load_everything()
    for mutant in [one for one in MUTANTS if one.killer][part::parts]:
        verdict = against_killer([one.plant for one in plants_of(mutant)], mutant.killer, 60)
        print(json.dumps([mutant.name, verdict.killed, verdict.calls, verdict.by, verdict.broken]), flush=True)


if __name__ == "__main__":
    main()
