"""`make mutate`: mutmut over the modules that decide whether money moves, each against the tests that hold it.

It works on a copy of the repository in a temporary folder: mutmut writes the mutants beside what it mutates. Printed
are, for each module, how many were noticed and which live. Exit code 3 where mutmut could not run.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("reconcile", "tests", "pyproject.toml", "README.md", "LICENSE", "docs", "Makefile", "requirements")
LIMIT_S: Final = 3_600
TARGETS: Final = {
    "reconcile/protocol/recovery.py": ("tests/protocol/test_recovery.py", "tests/protocol/test_small_proofs.py"),
    "reconcile/protocol/ages.py": ("tests/protocol/test_ages.py", "tests/protocol/test_small_proofs.py"),
    "reconcile/protocol/absence.py": ("tests/protocol/test_small_proofs.py",),
    "reconcile/protocol/settling.py": ("tests/protocol/test_small_proofs.py",),
    "reconcile/protocol/gate.py": ("tests/protocol/test_modes.py", "tests/protocol/test_runs.py"),
    "reconcile/plan/decision.py": ("tests/plan/test_decision.py", "tests/plan/test_planner.py"),
    "reconcile/plan/sorter.py": ("tests/plan/test_planner.py", "tests/plan/test_acceptance.py"),
    "reconcile/providers/toloka/outcomes.py": ("tests/providers/test_toloka_outcomes.py",),
}
NOTICED: Final = ("killed", "timeout", "suspicious", "segfault")


def settings_of(modules: Sequence[str]) -> str:
    """The part of pyproject.toml that mutmut reads."""
    tests = sorted({name for module in modules for name in TARGETS[module]})
    lists = {"paths_to_mutate": list(modules), "tests_dir": tests, "also_copy": ["reconcile", "tests"]}
    return "\n[tool.mutmut]\n" + "".join(f"{name} = {found!r}\n".replace("'", '"') for name, found in lists.items())


def figures(text: str) -> tuple[dict[str, Counter[str]], list[str]]:
    """What `mutmut results --all true` says: by module, how many ended how; and the names of those that live."""
    found: dict[str, Counter[str]] = {}
    alive = []
    for name, end in re.findall(r"(?m)^\s*(reconcile\.\S+): ([a-z ]+?)\s*$", text):
        module = name.partition(".x")[0]
        found.setdefault(module, Counter())[end] += 1
        if end == "survived":
            alive.append(name)
    return found, alive


def main() -> int:
    """All modules, or those whose name is given."""
    modules = [module for module in TARGETS if not sys.argv[1:] or Path(module).stem in sys.argv[1:]]
    folder = Path(tempfile.mkdtemp(prefix="mutate-"))
    try:
        for name in COPIED:
            whole = ROOT / name
            copy = shutil.copytree if whole.is_dir() else shutil.copyfile
            copy(whole, folder / name)
        with (folder / "pyproject.toml").open("a") as file:
            file.write(settings_of(modules))
        ran = _mutmut(folder, "run")
        results = _mutmut(folder, "results", "--all", "true")
        found, alive = figures(results.stdout)
        if not found:
            print(f"not run: mutmut found nothing to say\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
            return 3
        for module, ends in sorted(found.items()):
            noticed = sum(ends[end] for end in NOTICED)
            print(
                f"{module}: {noticed} of {ends.total()} noticed, {ends['survived']} live, {ends['no tests']} untested"
            )
        for name in alive:
            print(_mutmut(folder, "show", name).stdout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _mutmut(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False)


if __name__ == "__main__":
    sys.exit(main())
