"""A fault as a value: what should go wrong, and which requests it strikes. Pure: a seed and a number decide."""

from dataclasses import dataclass, fields
from hashlib import sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. `on` is a kind of request, "any", or "" for the kind that the name is usually about.

    It strikes a matching request with `per_mille` in a thousand, or exactly the requests numbered in `nth` (from 1),
    at most `times` times (0: no end), only those that pay `user`. The other fields say more to the fault's name:
    `delay_ms`, a `status`, a `code`, the `interval` of a 429, `retry_after_s`, how many payments a failing operation
    has `made`, the `positions` of items, and whether the request `executes` (None: as the name says).
    """

    name: str
    on: str = ""
    per_mille: int = 1000
    nth: tuple[int, ...] = ()
    times: int = 0
    user: str = ""
    seed: int = 0
    delay_ms: int = 0
    status: int = 0
    code: str = ""
    interval: str = ""
    retry_after_s: int = 0
    made: int = 0
    positions: tuple[int, ...] = ()
    executes: bool | None = None

    def strikes(self, number: int, struck: int) -> bool:
        """Whether it strikes the matching request `number` (from 1), having struck `struck` times."""
        if self.times and struck >= self.times:
            return False
        if self.nth:
            return number in self.nth
        draw = sha256(f"{self.seed}/{self.name}/{number}".encode()).digest()
        return int.from_bytes(draw[:4], "big") % 1000 < self.per_mille

    def as_text(self) -> str:
        """`name:key=value,…`: the inverse of `parse_fault`."""
        chosen = []
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if value != field.default:
                text = "+".join(map(str, value)) if isinstance(value, tuple) else str(value)
                chosen.append(f"{field.name}={text}")
        return f"{self.name}:{','.join(chosen)}" if chosen else self.name
