"""What the paying server keeps: operations and bonuses in memory, and their JSON as Toloka shows it."""

import json
import time
from bisect import bisect_left, bisect_right, insort
from typing import Final, NamedTuple

_BODY_MARK: Final = b'"user_id"'
_DECODE: Final = json.JSONDecoder().raw_decode


class Reply(NamedTuple):
    """A status line's number and a JSON body."""

    status: int
    body: bytes


class Operation:
    """One accepted POST: its body as it came, and the number of its first bonus."""

    __slots__ = ("_texts", "body", "count", "first", "key", "submitted", "submitted_ms")

    def __init__(self, *, key: str, body: bytes, first: int, at_ms: int) -> None:
        self.key, self.body, self.first = key, body, first
        self.count = body.count(_BODY_MARK)
        self.submitted_ms, self.submitted = at_ms, format_ms(at_ms)
        self._texts: list[str] | None = None

    def shown(self, status: str) -> bytes:
        """The operation as JSON."""
        count = self.count
        counts = (
            f'"total_count":{count},"valid_count":{count},"not_valid_count":0,"success_count":{count},"failed_count":0'
        )
        ended = f',"finished":"{self.submitted}","progress":100,"details":{{{counts}}}' if status == "SUCCESS" else ""
        return (
            f'{{"id":"{self.key}","type":"USER_BONUS.BATCH_CREATE","status":"{status}","submitted":"{self.submitted}",'
            f'"started":"{self.submitted}","parameters":{{"skip_invalid_items":true}}{ended}}}'
        ).encode()

    def texts(self) -> list[str]:
        """The bonuses of the body, each as the JSON that was sent: amounts keep their digits."""
        if self._texts is None:
            self._texts = texts_of(self.body.decode())
        return self._texts

    def listed(self, number: int) -> str:
        """One bonus as the list shows it."""
        return f'{{"id":"{number}","created":"{self.submitted}",{self.texts()[number - self.first][1:]}'

    def log(self) -> bytes:
        """What became of each bonus."""
        lines = [
            f'{{"type":"USER_BONUS_PERSIST","success":true,"input":{text},'
            f'"output":{{"user_bonus_id":"{self.first + place}"}}}}'
            for place, text in enumerate(self.texts())
        ]
        return f"[{','.join(lines)}]".encode()


def texts_of(body: str) -> list[str]:
    """The JSON texts of the objects in a body: a list of them, or one."""
    if not body.startswith("["):
        return [body]
    texts: list[str] = []
    place = 1
    while True:
        while body[place] in ", \n":
            place += 1
        if body[place] == "]":
            return texts
        _, end = _DECODE(body, place)
        texts.append(body[place:end])
        place = end


def format_ms(at_ms: int) -> str:
    """Toloka's own form of a time: UTC without a zone."""
    moment = time.gmtime(at_ms // 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{at_ms % 1000:03d}"


def now_ms() -> int:
    """The wall clock, in milliseconds."""
    return time.time_ns() // 1_000_000


class Bank:
    """Everything that was paid, and the answers about it."""

    def __init__(self, issued: list[str]) -> None:
        self._issued = issued
        self._operations: dict[str, Operation] = {}
        self._keys: list[str] = []
        self._in_order: list[Operation] = []
        self._firsts: list[int] = []
        self._ids = [int(text[7 : text.index('"', 7)]) for text in issued]
        self._begin = self._next = self._ids[-1] + 1 if issued else 1
        self.requests = self.posts = self.repeats = self.connections = 0
        self.first_ns = self.last_ns = 0
        self._operations_before, self._next_before = 0, self._next

    def post(self, query: dict[str, str], body: bytes) -> Reply:
        """Pay the bonuses of a body, once for each operation id."""
        self.first_ns = self.first_ns or time.monotonic_ns()
        self.posts += 1
        key = query.get("operation_id", "").lower() or f"00000000-0000-4000-8000-{self._next:012x}"
        if key in self._operations:
            self.repeats += 1
            return Reply(409, b'{"code":"OPERATION_ALREADY_EXISTS","message":"Operation already exists"}')
        operation = Operation(key=key, body=body, first=self._next, at_ms=now_ms())
        self._next += operation.count
        self._operations[key] = operation
        insort(self._keys, key)
        self._in_order.append(operation)
        self._firsts.append(operation.first)
        if query.get("async_mode") == "true":
            return Reply(202, operation.shown("RUNNING"))
        numbers = range(operation.first, operation.first + operation.count)
        if not body.startswith(b"["):
            return Reply(201, operation.listed(operation.first).encode())
        items = ",".join(f'"{place}":{operation.listed(number)}' for place, number in enumerate(numbers))
        return Reply(201, f'{{"items":{{{items}}},"validation_errors":{{}}}}'.encode())

    def operation(self, key: str, *, log: bool) -> Reply:
        """One operation, or its log."""
        found = self._operations.get(key.lower())
        if found is None:
            return Reply(404, b'{"code":"DOES_NOT_EXIST","message":"There is no such operation"}')
        return Reply(200, found.log() if log else found.shown("SUCCESS"))

    def operations(self, query: dict[str, str]) -> Reply:
        """A page of the operations' list, by id."""
        limit, since = int(query.get("limit", "50")), query.get("submitted_gte", "")
        place = bisect_right(self._keys, query.get("id_gt", "").lower())
        found: list[Operation] = []
        while place < len(self._keys) and len(found) <= limit:
            operation = self._operations[self._keys[place]]
            if operation.submitted >= since:
                found.append(operation)
            place += 1
        return page([operation.shown("SUCCESS").decode() for operation in found], limit)

    def bonuses(self, query: dict[str, str]) -> Reply:
        """A page of issued bonuses, by id."""
        limit, since = int(query.get("limit", "50")), query.get("created_gte", "")
        after = max(int(query.get("id_gt", "0")), int(query.get("id_gte", "0")) - 1)
        last = min(int(query.get("id_lte", str(self._next))), self._next - 1)
        if query.get("sort", "").startswith("-"):
            return self._newest(range(after + 1, last + 1), limit)
        place = bisect_right(self._ids, after)
        texts = self._issued[place : min(place + limit + 1, bisect_right(self._ids, last))]
        number = max(after + 1, self._begin)
        if since:
            # Bonuses are paid in the order of their times: the first that is young enough is found, not searched for.
            young = bisect_left(self._in_order, since, key=lambda operation: operation.submitted)
            number = max(number, self._firsts[young] if young < len(self._firsts) else self._next)
        texts += [self._bonus(one) for one in range(number, min(number + limit - len(texts), last) + 1)]
        return page(texts, limit)

    def _newest(self, ids: range, limit: int) -> Reply:
        """The first page from the newest down, which is asked for to learn the newest id."""
        own = range(max(self._begin, self._next - limit - 1), self._next)
        newest = [*self._ids[-limit - 1 :], *own][-limit - 1 :]
        return page([self._bonus(one) for one in reversed(newest) if one in ids], limit)

    def bonus(self, number: str) -> Reply:
        """One bonus by its id."""
        return Reply(200, self._bonus(int(number)).encode())

    def stats(self) -> Reply:
        """What was asked and paid since the last reset. `paying_s`: from the first POST's arrival to the last answer."""
        counts = {
            "requests": self.requests,
            "posts": self.posts,
            "repeats": self.repeats,
            "operations": len(self._operations) - self._operations_before,
            "payments": self._next - self._next_before,
            "connections": self.connections,
            "paying_s": (self.last_ns - self.first_ns) / 1e9,
        }
        return Reply(200, json.dumps(counts).encode())

    def reset(self) -> Reply:
        """Count from now on; what was paid stays paid."""
        self.requests = self.posts = self.repeats = self.connections = 0
        self.first_ns = self.last_ns = 0
        self._operations_before, self._next_before = len(self._operations), self._next
        return Reply(200, b"{}")

    def _bonus(self, number: int) -> str:
        if number < self._begin:
            return self._issued[bisect_left(self._ids, number)]
        operation = self._in_order[bisect_right(self._firsts, number) - 1]
        return operation.listed(number)


def page(texts: list[str], limit: int) -> Reply:
    """A list's page of at most `limit` entries, from one more than that where there are more."""
    more = "true" if len(texts) > limit else "false"
    return Reply(200, f'{{"items":[{",".join(texts[:limit])}],"has_more":{more}}}'.encode())
