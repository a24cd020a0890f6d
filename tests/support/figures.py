"""What a suite counted, as a line of JSON: on standard output (`pytest -s`), and in the file BONUSCTL_FIGURES names."""

import json
import os
from collections.abc import Mapping
from pathlib import Path


def tell(suite: str, figures: Mapping[str, object]) -> None:
    """Write a suite's figures down."""
    line = json.dumps({"suite": suite, **figures})
    print(line)
    if os.environ.get("BONUSCTL_FIGURES"):
        with Path(os.environ["BONUSCTL_FIGURES"]).open("a") as file:
            file.write(f"{line}\n")
