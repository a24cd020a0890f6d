"""Documents with a shape: a true one with some of its nodes taken away, replaced, doubled or renamed."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, Final

from hypothesis import strategies as st

Path = tuple[Any, ...]

HOSTILE: Final[st.SearchStrategy[Any]] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**31, 2**63, 2**63 - 1, -(2**63), 10**30, 10**400]),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        [
            "", " ", "~", "0", "0.00", "1.00", "1.50", "-1.00", "1e3", "NaN", "0.0001", "9" * 30, "9" * 5000, "x" * 300, "true",
            "a/b", "a#b", "[bonusctl:x]", "\x00", "\x1b[2J", "\u202e", "\ud800", "2026-11-22", "2026-11-22T10:00:00.000Z",
            "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z", "00000000-0000-0000-0000-000000000000", "sha256:" + "0" * 64,
            "0" * 64, "{x}", "{", "../x", "/etc/passwd", "toloka", "mturk", "sandbox", "production", "issue", "conflict",
            "SUCCESS", "FAIL", "RUNNING",
        ]
    ),
    st.just([]), st.just({}), st.just([[]]), st.just({"": None}), st.just([None] * 50),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=3),
)  # fmt: skip


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """Every node below the root."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*at, key)
            yield from paths(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (*at, index)
            yield from paths(inner, (*at, index))


def _with(value: Any, path: Path, change: Callable[[Any, Any], None]) -> None:
    for step in path[:-1]:
        value = value[step]
    change(value, path[-1])


def _delete(parent: Any, at: Any) -> None:
    del parent[at]


def _double(parent: Any, at: Any) -> None:
    if isinstance(parent, list):
        parent.insert(at, copy.deepcopy(parent[at]))
    else:
        parent[f"{at}2"] = copy.deepcopy(parent[at])


def _replace_by(new: Any) -> Callable[[Any, Any], None]:
    def replace(parent: Any, at: Any) -> None:
        parent[at] = copy.deepcopy(new)

    return replace


def _swap(parent: Any, at: Any) -> None:
    """The node takes its first sibling's place, and the sibling its own."""
    other = next(iter(parent)) if isinstance(parent, dict) else 0
    parent[at], parent[other] = parent[other], parent[at]


@st.composite
def edited(draw: st.DrawFn, base: Any, *, edits_max: int = 3) -> Any:
    """The base with up to `edits_max` nodes altered; sometimes with none."""
    value = copy.deepcopy(base)
    for _ in range(draw(st.integers(0, edits_max))):
        found = list(paths(value))
        if not found:
            break
        path = draw(st.sampled_from(found))
        match draw(st.integers(0, 5)):
            case 0:
                _with(value, path, _delete)
            case 1:
                _with(value, path, _double)
            case 2:
                _with(value, path, _swap)
            case _:
                _with(value, path, _replace_by(draw(HOSTILE)))
    return value
