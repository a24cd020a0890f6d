"""The real command under the system's own limits: memory it may ask for, and processor time."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.cli import COMMAND, LIMIT_S, Ended, environment

MEMORY_MAX = 200 * 1024 * 1024
"""Bytes of private memory. What asks for more gets a MemoryError, and would end in a crash that the tests see."""
CPU_S = 20
"""Processor seconds after which the system ends it: many times what any of these takes."""

LIMITS = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_DATA, ({memory}, {memory}))
resource.setrlimit(resource.RLIMIT_CPU, ({cpu}, {cpu}))
os.execv(sys.argv[1], sys.argv[1:])
"""


def bounded(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Ended:
    """Run the installed command in `folder` to its end, within the limits."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", LIMITS.format(memory=MEMORY_MAX, cpu=CPU_S), str(COMMAND), *arguments],
        cwd=folder,
        env=environment(folder, environ),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
