"""The house's own rules, held by a test: who may import whom, no float, one place that prints, sizes, words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "reconcile"
FILES = sorted(PACKAGE.rglob("*.py"))

VALUES = {"money", "identity", "times", "model", "diagnostics", "errors", "digest", "settings", "rows", "packed"}
# Each room and the rooms it may import from, besides itself and the values. What is not named is not allowed.
ROOMS: dict[str, set[str]] = {
    **{name: set() for name in VALUES},
    "redaction": {"providers.secrets"},
    "spool": set(),
    "spec": {"providers.rules", "render.safe"},
    **{
        name: {"spec", "providers.rules", "endpoints", "config_providers", "config_search", "config_values"}
        for name in ("config", "config_providers", "config_search", "config_values")
    },
    "endpoints": {"providers.rules", "providers.endpoint"},
    "state": set(),
    "plan": {"providers.rules", "state.ledger", "state.events", "spec.suggest", "spool"},
    "protocol": {
        "providers.base",
        "providers.columns",
        "providers.rules",
        "state.ledger",
        "state.events",
        "plan.model",
    },
    "providers": {"state.ledger", "redaction"},
    "render": {
        "plan",
        "protocol.funds",
        "protocol.report",
        "state.ledger",
        "state.verify",
        "spec.suggest",
        "providers.rules",
    },
    "emulator": {"providers.rules", "render.safe"},
    "ci": {"config_search", "plan.document", "plan.model", "providers", "redaction", "render"},
}
TOP = {"project", "cli", "scaffold", "__main__", "__init__"}
# The embedded emulator is a child process: its address goes to its parent through standard output.
PRINTS = {"reconcile/cli/console.py", "reconcile/emulator/server.py"}


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            # `from reconcile import identity` names a module, `from reconcile.model import Texts` a value.
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if _is_module(inner) else node.module


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_room_imports_only_from_the_rooms_below_it(path: Path) -> None:
    here = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    if here.startswith("project") or here in TOP or not here:
        return
    allowed = ROOMS[here]
    for name in imports(path):
        if not name.startswith("reconcile."):
            continue
        room = room_of(name)
        inside = name.removeprefix("reconcile.")
        fits = room == here or room in VALUES or any(inside == one or inside.startswith(f"{one}.") for one in allowed)
        assert fits, f"{relative(path)} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_no_float_is_made_where_money_could_be(path: Path) -> None:
    """Durations may be floats by annotation; nothing calls float(), and no money file knows the word."""
    tree = ast.parse(path.read_bytes())
    calls = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) == "float"]
    assert not calls, f"{relative(path)}: float() at {calls}"
    if room_of(f"reconcile.{path.stem}") in {"money", "digest", "model"} or "plan" in path.parts:
        names = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "float"]
        assert not names, f"{relative(path)}: float at {names}"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_one_module_prints(path: Path) -> None:
    if relative(path) in PRINTS:
        return
    tree = ast.parse(path.read_bytes())
    calls = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (_name(node.func) in {"print", "click.echo", "click.secho"} or _name(node.func).startswith("sys.std"))
    ]
    assert not calls, f"{relative(path)} prints at {calls}"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_file_and_a_function_fit_in_the_head(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
            assert node.end_lineno - node.lineno < 60, f"{relative(path)}: {node.name} is longer than a screen"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_bytes()))


def test_only_the_providers_speak_http_and_only_the_state_speaks_sql() -> None:
    homes = {
        "httpx": ("providers/", "cli/versions.py"),
        "httpcore": ("providers/",),
        "boto3": (),
        "botocore": ("providers/mturk/credentials.py",),
        "sqlite3": ("state/", "emulator/"),
        "sqlite_utils": ("state/", "emulator/", "cli/versions.py"),
        "yaml": ("spec/", "cli/versions.py"),
        "deepdiff": ("plan/explain.py", "cli/versions.py"),
        "click": ("cli/",),
    }
    for path in FILES:
        inside = path.relative_to(PACKAGE).as_posix()
        for name in imports(path):
            home = homes.get(name.split(".")[0])
            assert home is None or inside.startswith(home), f"{relative(path)} imports {name}"


def test_no_word_of_unfinished_work_and_no_path_of_one_machine() -> None:
    # Split, so that this file does not find itself.
    words = re.compile(
        "TO" + "DO|FIX" + r"ME|XX" + r"X|Not" + r"ImplementedError|(?<![\w.])/(?:wo" + r"rk|ro" + r"ot)/"
    )
    kinds = ("*.py", "*.md", "*.yaml", "*.yml", "*.toml", "Makefile")
    places = ("reconcile", "tests", "specs", "docs", "benchmarks", ".ci")
    paths = [path for place in places for kind in kinds for path in (ROOT / place).rglob(kind)]
    paths += [path for kind in kinds for path in ROOT.glob(kind)]
    for path in paths:
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            assert not words.search(line), f"{relative(path)}:{number}: {line.strip()}"


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
