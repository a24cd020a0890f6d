"""Switches a rule of the production code off: one of its own functions is replaced wherever it is used, and counted."""

import importlib
import pkgutil
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import reconcile

Original = Callable[..., Any]


class Switch:
    """Plants replacements. `calls` counts how often each was called: one that never was proves nothing."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._planted: list[tuple[object, str, object]] = []

    def replace(self, place: str, make: Callable[[Original], Original], *, only: str = "") -> None:
        """Put `make(original)` in the place of `module:function` or `module:Class.method`, in every module that took
        it by name. `only`: in that module alone, where the others keep the rule.
        """
        module_name, _, name = place.partition(":")
        owner: Any = importlib.import_module(module_name)
        *path, last = name.split(".")
        for step in path:
            owner = getattr(owner, step)
        original = getattr(owner, last)
        made = make(original)

        def counted(*arguments: Any, **options: Any) -> Any:
            self.calls[place] += 1
            return made(*arguments, **options)

        if path:
            self._set(owner, last, counted)
            return
        for other_name, other in list(sys.modules.items()):
            if other_name.split(".")[0] == "reconcile" and (not only or other_name == only):
                for attribute, value in list(vars(other).items()):
                    if value is original:
                        self._set(other, attribute, counted)

    def undo(self) -> None:
        """Every rule holds again."""
        while self._planted:
            owner, name, original = self._planted.pop()
            setattr(owner, name, original)

    def _set(self, owner: object, name: str, value: object) -> None:
        self._planted.append((owner, name, vars(owner)[name]))
        setattr(owner, name, value)


def load_everything() -> None:
    """Import all of the package, so that no module takes an original by name after it was replaced."""
    for found in pkgutil.walk_packages(reconcile.__path__, "reconcile."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
