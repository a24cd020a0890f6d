"""`make audit`: asks the advisory service about every locked package, and tells apart clean, affected and not asked.

Exit codes: 0 every package was asked about and none is affected, 1 one is affected, 3 not run: some could not be asked
about, so nothing is claimed for them.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

LOCKS = ("dev.txt", "kit.txt", "audit.txt")
TIMEOUT_S = 300


class Outcome(NamedTuple):
    """What the service said of one lock: names of packages asked about, of those it was not, and advisories."""

    asked: tuple[str, ...]
    not_asked: tuple[str, ...]
    advisories: tuple[str, ...]


def read_outcome(text: str) -> Outcome:
    """What `pip-audit --format json` printed."""
    rows = json.loads(text)["dependencies"]
    return Outcome(
        tuple(row["name"] for row in rows if "skip_reason" not in row),
        tuple(row["name"] for row in rows if "skip_reason" in row),
        tuple(f"{row['name']} {row['version']}: {one['id']}" for row in rows for one in row.get("vulns", ())),
    )


def verdict(outcomes: dict[str, Outcome | None]) -> tuple[int, list[str]]:
    """The exit code and the lines to print; None for a lock about which nothing could be asked."""
    lines, code = [], 0
    for name, outcome in outcomes.items():
        if outcome is None or not outcome.asked:
            lines.append(f"{name}: not run: the advisory service could not be asked")
            code = code or 3
            continue
        lines.append(f"{name}: {len(outcome.asked)} packages asked about, {len(outcome.advisories)} advisories")
        if outcome.not_asked:
            lines.append(f"{name}: not run for {len(outcome.not_asked)}: {', '.join(outcome.not_asked)}")
            code = code or 3
        if outcome.advisories:
            lines += [f"  {one}" for one in outcome.advisories]
            code = 1
    return code, lines


def ask(auditor: str, lock: Path) -> Outcome | None:
    """Run the auditor over one lock."""
    command = [auditor, "--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    try:
        done = subprocess.run(
            [*command, "--requirement", str(lock)], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        return read_outcome(done.stdout)
    except (subprocess.TimeoutExpired, OSError, ValueError, KeyError):
        return None


def main() -> int:
    """Audit every lock."""
    requirements = Path(__file__).parents[2] / "requirements"
    code, lines = verdict({name: ask(sys.argv[1], requirements / name) for name in LOCKS})
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
