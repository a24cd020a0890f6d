"""`python -m reconcile.emulator`: an emulator as a process of its own. Says its endpoint on stdout and runs."""

import os
import sqlite3
import sys

from reconcile.emulator.faults import FaultError
from reconcile.emulator.options import OptionError, parse_options
from reconcile.emulator.server import serve


def main() -> int:
    """Run until SIGINT, SIGTERM or, with `--stop-with-stdin true`, the end of stdin."""
    try:
        serve(parse_options(sys.argv[1:], dict(os.environ)), announce)
    except (OptionError, FaultError, OSError, sqlite3.Error) as exc:
        sys.stderr.write(f"emulator: {exc}\n")
        return 1
    return 0


def announce(endpoint: str) -> None:
    """The one line on stdout: whoever started this process waits for it."""
    sys.stdout.write(f"listening on {endpoint}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
