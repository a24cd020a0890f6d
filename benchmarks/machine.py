"""Where and with what was measured: machine, versions, commit."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Final

from benchmarks.bench import ROOT, Bench
from benchmarks.races import peers_plan

_OWN: Final = ("click", "pyyaml", "httpx", "sqlite-utils")
_PEERS: Final = ("duckdb", "octodns")
_KIT: Final = ("toloka-kit",)


def machine() -> dict[str, str]:
    """The processor, the system, and how busy it was with other work when the benchmark began."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = " ".join(line.partition(":")[2].split())
            break
    return {
        "processor": f"{os.cpu_count()} × {model}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def versions(bench: Bench) -> dict[str, str]:
    """Of Python, of the packages that it runs on, and of the peers that are there."""
    own = {name: importlib.metadata.version(name) for name in _OWN}
    peers = {**_ask(bench.peers, _PEERS), **_ask(bench.kit, _KIT)}
    return {"CPython": platform.python_version(), **own, **peers, **peers_plan.versions()}


def commit() -> str:
    """The commit that was measured, with + where files that git knows differ from it (the record apart), "" outside of git."""
    written = [f":!benchmarks/{name}" for name in ("results.json", "RESULTS.md", "growth.svg")]
    try:
        altered = _git("status", "--porcelain", "-uno", "--", ".", *written)
        return _git("rev-parse", "--short", "HEAD") + ("+" if altered else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(*arguments: str) -> str:
    told = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return told.stdout.strip()


def _ask(python: Path, packages: tuple[str, ...]) -> dict[str, str]:
    if not python.exists():
        return {}
    code = "import importlib.metadata as m\nfor found in m.distributions(): print(found.name, found.version)"
    told = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    found = dict(line.split() for line in told.stdout.splitlines())
    return {name: found[name] for name in packages if name in found}
