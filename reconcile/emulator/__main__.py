"""`python -m reconcile.emulator`: an emulator as a process of its own. Says its endpoint on stdout and runs."""

import sys

from reconcile.emulator.server import main

if __name__ == "__main__":
    sys.exit(main())
