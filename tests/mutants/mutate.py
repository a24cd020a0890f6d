"""`make mutate`: mutmut over the modules that decide whether money moves, each against the tests that hold it.

`python -m tests.mutants.mutate [NAME…]`: all of `targets.py`, or the modules of these names. Each is mutated by itself, in a
copy of the repository in a temporary folder: mutmut writes the mutants beside what it mutates, and its own tests alone
are asked. Printed are, as soon as a module is done, how many were noticed, and those that live. Exit code 3 where mutmut
could not run.
"""

import ast
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import Final

from tests.mutants.targets import TARGETS

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("reconcile", "tests", "pyproject.toml", "README.md", "LICENSE", "docs", "Makefile", "requirements")
LIMIT_S: Final = 3_600
NOTICED: Final = ("killed", "timeout", "suspicious", "segfault")


def settings_of(module: str) -> str:
    """The part of pyproject.toml that mutmut reads."""
    lists = {"source_paths": [module], "pytest_add_cli_args_test_selection": list(TARGETS[module])}
    lists["also_copy"] = ["reconcile", "tests"]
    return "\n[tool.mutmut]\n" + "".join(f"{name} = {found!r}\n".replace("'", '"') for name, found in lists.items())


def figures(text: str) -> tuple[Counter[str], list[str]]:
    """What `mutmut results --all true` says: how many ended how; and the names of those that live or that no test reached."""
    ends: Counter[str] = Counter()
    alive = []
    for name, end in re.findall(r"(?m)^\s*(reconcile\.\S+): ([a-z ]+?)\s*$", text):
        ends[end] += 1
        if end not in NOTICED:
            alive.append(name)
    return ends, alive


def main() -> int:
    """All modules, or those whose name is given."""
    modules = [module for module in TARGETS if not sys.argv[1:] or Path(module).stem in sys.argv[1:]]
    ran = [mutate(module) for module in modules]
    return 0 if all(ran) else 3


def mutate(module: str) -> bool:
    """Mutate one module, and print what came of it. Whether mutmut could."""
    folder = Path(tempfile.mkdtemp(prefix="mutate-"))
    try:
        for name in COPIED:
            whole = ROOT / name
            copy = shutil.copytree if whole.is_dir() else shutil.copyfile
            copy(whole, folder / name)
        with (folder / "pyproject.toml").open("a") as file:
            file.write(settings_of(module))
        ran = _mutmut(folder, "run")
        ends, alive = figures(_mutmut(folder, "results", "--all", "true").stdout)
        if not ends:
            print(
                f"{module}: not run, mutmut found nothing to say\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}", flush=True
            )
            return False
        noticed = sum(ends[end] for end in NOTICED)
        print(f"{module}: {noticed} of {ends.total()} noticed, {dict(ends)}", flush=True)
        for text in differences((folder / "mutants" / module).read_text(), alive):
            print(text, flush=True)
        return True
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def differences(mutated: str, names: Sequence[str]) -> Iterator[str]:
    """Each of these mutants by the lines that it changes: mutmut writes them beside their original, into one file."""
    functions = (node for node in ast.walk(ast.parse(mutated)) if isinstance(node, ast.FunctionDef))
    lines = {node.name: (ast.get_source_segment(mutated, node) or "").splitlines()[1:] for node in functions}
    for name in names:
        own = name.rpartition(".")[2]
        changed = unified_diff(lines[re.sub(r"\d+$", "orig", own)], lines[own], n=0, lineterm="")
        yield "\n".join([f"  {own}", *(f"    {line}" for line in changed if not line.startswith(("---", "+++", "@@")))])


def _mutmut(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False)


if __name__ == "__main__":
    sys.exit(main())
