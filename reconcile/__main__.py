"""`python -m reconcile` is `bonusctl`."""

import sys

# Python put the working folder in front of the path: a `json.py` that lies beside somebody's specs is not ours to run.
# A package that was found there stays found, since its modules are looked up in the package's own folder.
if not sys.flags.safe_path and sys.path:
    del sys.path[0]

from reconcile.cli import main

main()
