"""A client that speaks Toloka's requests plainly, for tests that look at every byte."""

import uuid
from typing import Any

import httpx

from tests.support.emulator import EmulatorProcess

JSON_TYPE = {"Content-Type": "application/json"}


class Toloka:
    """Toloka's API of an emulator, as one account of it: each test has an account, and so a ledger, of its own."""

    def __init__(self, emulator: EmulatorProcess, *, account: str = "", timeout_s: float = 10) -> None:
        self.emulator = emulator
        self.account = account or uuid.uuid4().hex
        self.http = httpx.Client(
            base_url=emulator.api,
            headers={"X-Act-Under-Account-ID": self.account},
            timeout=timeout_s,
            trust_env=False,
        )

    def post(self, body: object, **parameters: str) -> httpx.Response:
        """`POST /user-bonuses`."""
        return self.http.post("/user-bonuses", json=body, params=parameters)

    def post_async(self, body: object, operation: str = "", **parameters: str) -> httpx.Response:
        """The same, asynchronous. `operation` "" takes a new id."""
        return self.post(body, async_mode="true", operation_id=operation or str(uuid.uuid4()), **parameters)

    def get(self, path: str, **parameters: str) -> httpx.Response:
        """A read."""
        return self.http.get(path, params=parameters)

    def bonuses(self, **parameters: str) -> list[dict[str, Any]]:
        """The bonuses of one page."""
        answer = self.get("/user-bonuses", **parameters)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def paid(self) -> list[str]:
        """Who was paid, in the order of ids."""
        return [bonus["user_id"] for bonus in self.bonuses(limit="300")]

    def posts(self, operation: str) -> int:
        """How many requests came with an operation's id."""
        shown: list[dict[str, Any]] = self.emulator.ledger()["operations"]
        return next(int(one["posts"]) for one in shown if one["id"] == operation)


def bonus(user: str = "worker", amount: object = 1.5, **more: object) -> dict[str, object]:
    """A bonus as it is sent."""
    return {"user_id": user, "amount": amount, **more}
