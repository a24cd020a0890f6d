"""A target for octoDNS that holds its records in a file of JSON lines: as little work of its own as can be."""

import importlib
import json
import logging
from pathlib import Path
from typing import Any, ClassVar

provider: Any = importlib.import_module("octodns.provider.base")
records: Any = importlib.import_module("octodns.record")


class FileTarget(provider.BaseProvider):  # type: ignore[misc]  # octoDNS lives in another environment
    """Records as they are: [name, data] a line."""

    SUPPORTS_GEO = False
    SUPPORTS: ClassVar[set[str]] = {"A"}

    def __init__(self, name: str, filename: str, *args: Any, **kwargs: Any) -> None:
        self.log = logging.getLogger(name)
        super().__init__(name, *args, **kwargs)
        self._path = Path(filename)

    def populate(self, zone: Any, target: bool = False, lenient: bool = False) -> bool:
        """Add every record to the zone."""
        with self._path.open() as file:
            for line in file:
                name, data = json.loads(line)
                zone.add_record(records.Record.new(zone, name, data, source=self, lenient=lenient), lenient=lenient)
        return True

    def _apply(self, plan: Any) -> None:
        raise AssertionError("nothing is to be changed")
