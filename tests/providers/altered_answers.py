"""Answers altered, node by node, and what an answer proves: for the codec of each provider.

What an altered answer may still prove is told by a provider's oracle (`toloka_claims`, `mturk_claims`).
"""

import copy
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any, Final, NamedTuple

from reconcile.model import SendOutcome
from reconcile.providers.base import Answer, Call, Codec, SendAnswer, Unread
from tests.providers.toloka_cases import OUTGOING, echo, response

Judge = Callable[[int, Any, Answer], None]
DELETED: Final = object()
REFUSED: Final = {"user_id": {"code": "ENTITY_DOES_NOT_EXIST", "message": "There is no such user"}}


class Question(NamedTuple):
    """A call, and who judges its answers."""

    call: Call
    judge: Judge


STATUSES: Final = (200, 201, 202, 204, 301, 400, 401, 403, 404, 409, 413, 415, 418, 422, 429, 500, 502, 503, 504)
OTHERS: Final[tuple[Any, ...]] = (
    DELETED, None, True, False, 0, 1, -1, 3, 4711, 10**18, 10**30, 10**400, -(10**30), Decimal("0.5"), Decimal("-1.50"), "", " ",
    "x", "0", "-1", "1.50", "9" * 5000, "4712", "09ee3f76-5cdc-4388-adcc-c580a3ab4c53", "SUCCESS", "FAIL", "RUNNING",
    "VALIDATION_ERROR", "OPERATION_ALREADY_EXISTS", "INTERNAL_ERROR", "ACCEPTED", "USER_BONUS_PERSIST", OUTGOING[0].recipient,
    OUTGOING[1].recipient, echo(0)["private_comment"], echo(1)["private_comment"], [], {}, [[]], [None], {"": None},
    {"code": "X", "message": "y"}, REFUSED,
)  # fmt: skip


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every node of a value, itself included."""
    yield at
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inner, (*at, key))


def altered(value: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    """The value with one node changed: `change` gets its parent and its name or place there."""
    held = [copy.deepcopy(value)]
    parent: Any = held
    for step in (0, *path)[:-1]:
        parent = parent[step]
    change(parent, (0, *path)[-1])
    return held[0] if held else DELETED


def mutants(value: Any) -> Iterator[tuple[str, Any]]:
    """(kind of alteration, the value with one node altered)."""
    for path in paths(value):
        for other in OTHERS:
            if other is DELETED and path:
                yield "deleted", altered(value, path, lambda parent, at: parent.__delitem__(at))
            elif other is not DELETED:
                yield "replaced", altered(value, path, partial(_put, other))
        for kind, change in (("doubled", _double), ("negative", _negate), ("taken from the next", _from_the_next)):
            yield kind, altered(value, path, change)


def _put(new: Any, parent: Any, at: Any) -> None:
    parent[at] = copy.deepcopy(new)


def _double(parent: Any, at: Any) -> None:
    """Twice as long, twice as much; an item of a list stands there twice."""
    if isinstance(parent, list) and isinstance(parent[at], dict) and len(parent) > 1:
        parent.insert(at, copy.deepcopy(parent[at]))
    elif isinstance(parent[at], str | int | list | Decimal):
        parent[at] = parent[at] * 2


def _negate(parent: Any, at: Any) -> None:
    value = parent[at]
    if isinstance(value, int | Decimal):
        parent[at] = -value
    elif isinstance(value, str):
        parent[at] = f"-{value}"


def _from_the_next(parent: Any, at: Any) -> None:
    """What stands beside it takes its place: a right value at a wrong one's."""
    keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
    parent[at] = copy.deepcopy(parent[keys[(keys.index(at) + 1) % len(keys)]])


def doubled_names(value: Any) -> Iterator[bytes]:
    """The JSON with one name of one object there twice: with the same value, and with another before or behind it."""
    for path in paths(value):
        if path and isinstance(path[-1], str):
            for first, second in (("same", "same"), ("same", "other"), ("other", "same")):
                shown = altered(value, path, partial(_mark_doubled, first, second))
                yield _undoubled(response(200, shown).body)


def _mark_doubled(first: str, second: str, parent: Any, at: Any) -> None:
    old = parent.pop(at)
    values = {"same": old, "other": "x" if old != "x" else "y"}
    parent[f"{at}@1"], parent[f"{at}@2"] = values[first], values[second]


def _undoubled(body: bytes) -> bytes:
    """The two names without the sign that kept them apart."""
    return body.replace(b'@1":', b'":').replace(b'@2":', b'":')


def ask(codec: Codec, question: Question, status: int, value: Any) -> Answer:
    """The answer of the codec; judged by what the document says."""
    answer = codec.answer(question.call, response(status, value))
    try:
        question.judge(status, value, answer)
    except (KeyError, TypeError, ValueError, ArithmeticError) as unsaid:
        raise AssertionError(f"{answer} of a document that says nothing of the kind: {status} {value}") from unsaid
    except AssertionError as wrong:
        wrong.add_note(f"{answer}\nof {status} {value}")
        raise
    return answer


def proves(answer: Answer) -> bool:
    """Whether an answer says anything at all."""
    if isinstance(answer, SendAnswer):
        return answer.outcome is not SendOutcome.AMBIGUOUS
    return not isinstance(answer, Unread)
