"""Faults on request: the list in force, decided request by request from a seed, carried out by the server.

Whether a fault strikes depends on its seed and on how many requests matched it before, and on nothing else: the same
story can be told again.
"""

from collections.abc import Iterable
from typing import Final

from reconcile.emulator.fault import Fault
from reconcile.emulator.faultkinds import FAULTS
from reconcile.emulator.mturk.refusals import FAULT_REFUSALS
from reconcile.emulator.orders import Kind, Orders

# What MTurk calls the requests that a fault is usually about.
_ALSO: Final = {Kind.SEND_BONUS: Kind.SEND, Kind.LIST_BONUS_PAYMENTS: Kind.BONUSES}
_MTURK: Final = frozenset({Kind.SEND_BONUS, Kind.LIST_BONUS_PAYMENTS, Kind.GET_ACCOUNT_BALANCE})


class FaultError(ValueError):
    """A fault that makes no sense; `str()` is a sentence about it."""


class FaultBook:
    """The faults in force and how often each matched and struck."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        self.matched = [0] * len(self.faults)
        self.struck = [0] * len(self.faults)

    @property
    def about_users(self) -> bool:
        """Whether `orders` needs to know whom a request pays."""
        return any(fault.user for fault in self.faults)

    def orders(self, kind: Kind, users: frozenset[str], latency_ms: int) -> Orders:
        """What to do with the next request of this kind."""
        orders = Orders(delay_ms=latency_ms)
        for index, fault in enumerate(self.faults):
            if _matches(fault, kind, users):
                self.matched[index] += 1
                if fault.strikes(self.matched[index], self.struck[index]):
                    self.struck[index] += 1
                    orders = in_the_words_of(kind, fault, FAULTS[fault.name].apply(orders, fault))
        return orders


# --- from text and JSON --------------------------------------------------------------------------------------------


def parse_fault(text: str) -> Fault:
    """A fault from `name:key=value,…`; lists are joined by `+`. Raises FaultError."""
    name, _, rest = text.partition(":")
    given: dict[str, object] = {"name": name}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise FaultError(f"{pair!r} needs the form key=value")
        given[key] = _from_text(key, value)
    return _make(given)


def read_faults(value: object) -> tuple[Fault, ...]:
    """Faults from JSON: `{"seed": 7, "faults": [{"name": …, …}, …]}` or the list alone. Raises FaultError."""
    seed: object = 0
    if isinstance(value, dict):
        seed, value = value.get("seed", 0), value.get("faults")
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise FaultError("faults are a list of objects")
    return tuple(_make({"seed": seed, **entry}) for entry in value)


_NUMBERS: Final = frozenset({"per_mille", "times", "seed", "delay_ms", "status", "retry_after_s", "made"})
_LISTS: Final = frozenset({"nth", "positions"})


def _from_text(key: str, value: str) -> object:
    try:
        if key in _NUMBERS:
            return int(value)
        if key in _LISTS:
            return [int(part) for part in value.split("+")]
    except ValueError as exc:
        raise FaultError(f"{key}={value}: {exc}") from exc
    return value.lower() == "true" if key == "executes" else value


def _make(given: dict[str, object]) -> Fault:
    values: dict[str, object] = {}
    for key, value in given.items():
        number = isinstance(value, int) and not isinstance(value, bool)
        if key in _NUMBERS and number:
            values[key] = value
        elif key in _LISTS and isinstance(value, list | int) and not isinstance(value, bool):
            listed = value if isinstance(value, list) else [value]
            values[key] = tuple(entry for entry in listed if isinstance(entry, int))
        elif (key == "executes" and isinstance(value, bool)) or (
            key in ("name", "on", "user", "code", "interval") and isinstance(value, str)
        ):
            values[key] = value
        else:
            raise FaultError(f"a fault has no {key!r}: {value!r}")
    fault = Fault(**values)  # type: ignore[arg-type]
    if fault.name not in FAULTS:
        raise FaultError(f"there is no fault {fault.name!r}; there are: {', '.join(sorted(FAULTS))}")
    if fault.on not in ("", "any", *Kind):
        raise FaultError(f"there is no kind of request {fault.on!r}; there are: any, {', '.join(Kind)}")
    return fault


def _matches(fault: Fault, kind: Kind, users: frozenset[str]) -> bool:
    on = fault.on or FAULTS[fault.name].on
    meant = (kind,) if fault.on else (kind, _ALSO.get(kind))
    return (on == "any" or on in meant) and (not fault.user or fault.user in users)


def in_the_words_of(kind: Kind, fault: Fault, orders: Orders) -> Orders:
    """The same orders, with what the asked provider itself would say."""
    if fault.name not in FAULT_REFUSALS:
        return orders
    if kind in _MTURK:
        return orders._replace(instead=FAULT_REFUSALS[fault.name](fault).json())
    if kind is Kind.GET_CALLER_IDENTITY:
        return orders._replace(instead=FAULT_REFUSALS[fault.name](fault).xml())
    return orders
