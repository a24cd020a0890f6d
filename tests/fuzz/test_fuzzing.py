"""Whatever bytes stand in a file or come from a provider: a valid value, or a refusal in our own words.

Each target runs in a process of its own with bounded memory and processor time, so that a bomb ends that process and
not the tests. BONUSCTL_FUZZ=5000 takes so many inputs for each target and way instead of thirty, BONUSCTL_FUZZ_SEED=7
others than the usual ones.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.child import TARGETS
from tests.support.figures import Tell

CASES = int(os.environ.get("BONUSCTL_FUZZ", "30"))
SEED = int(os.environ.get("BONUSCTL_FUZZ_SEED", "1"))
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("how", ["mutate", "generate"])
@pytest.mark.parametrize("target", TARGETS)
def test_any_input_is_a_value_or_a_refusal_in_our_own_words(tmp_path: Path, target: str, how: str, tell: Tell) -> None:
    """No traceback, no mistake of ours, nothing that a terminal obeys, no more than so much memory and time."""
    folder = tmp_path / target
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.child", target, how, str(CASES), str(SEED), str(folder)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode < 0:
        kept = shutil.copy(folder / "last", tmp_path / "killer")
        raise AssertionError(f"{signal.Signals(-done.returncode).name} ended it; the input is {kept}")
    assert done.stdout, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    failures = figures.pop("failures")
    assert not failures, "\n\n".join(failures)
    assert figures["cases"] >= CASES
    assert figures["valid"] + figures["refused"] == figures["cases"]
    # Shapes are near enough to the true thing that some are it; else only the first check was ever reached.
    assert how == "mutate" or min(figures["valid"], figures["refused"]) > 0
    tell(
        {name: figures[name] for name in ("cases", "valid", "refused")}
        | {"most CPU ms a case": figures["worst_cpu_ms"], "most MiB": figures["peak_mb"]}
    )


def test_a_process_that_takes_too_much_memory_fails(tmp_path: Path) -> None:
    """The bound is a real one: an input that made its reader take a GiB would be seen."""
    script = "from tests.fuzz.child import bound_resources; bound_resources(); bytearray(1 << 30)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "MemoryError" in done.stderr
