"""The versions that `--version` shows, read from the names of the installed metadata folders.

`importlib.metadata` would do the same, but importing it takes longer than the rest of `--version` together.
"""

import os
import sys
from typing import Final

from reconcile import __version__

_LIBRARIES: Final = ("click", "httpx", "httpcore", "sqlite-utils", "deepdiff", "pyyaml")


def version_text() -> str:
    """`bonusctl 0.1.0` and one line with Python's and the libraries' versions."""
    found = _installed(sys.path)
    libraries = [f"{name} {found.get(name, 'not installed')}" for name in _LIBRARIES]
    return f"bonusctl {__version__}\nPython {sys.version.split()[0]} · {' · '.join(libraries)}"


def _installed(folders: list[str]) -> dict[str, str]:
    """Version by name in lower case with dashes; the first folder that has a library wins, as for imports."""
    found: dict[str, str] = {}
    for folder in folders:
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 (pathlib is not worth its import here)
        except OSError:
            continue
        for name in names:
            stem, _, kind = name.rpartition(".")
            if kind in ("dist-info", "egg-info"):
                library, _, version = stem.partition("-")
                found.setdefault(library.replace("_", "-").lower(), version.partition("-")[0])
    return found
