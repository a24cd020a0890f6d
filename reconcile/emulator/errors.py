"""Refusals: what Toloka answers instead of doing what was asked."""

from collections.abc import Mapping

from reconcile.emulator.fresh import fresh_id
from reconcile.emulator.messages import Answer, json_answer


class Refusal(Exception):
    """A request that is not carried out. Nothing that it began stays in the ledger.

    `payload` is the details that the error carries. `whole` replaces the usual body `{"request_id", "code", …}`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        payload: Mapping[str, object] | None = None,
        retry_after_s: int = 0,
        whole: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.payload = payload
        self.retry_after_s = retry_after_s
        self.whole = whole

    def answer(self) -> Answer:
        """The answer, with a request id of its own."""
        body = self.whole
        if body is None:
            body = {"request_id": fresh_id().hex(), "code": self.code, "message": self.message}
            if self.payload is not None:
                body = {**body, "payload": self.payload}
        headers = (("Retry-After", str(self.retry_after_s)),) if self.retry_after_s else ()
        return json_answer(self.status, body)._replace(headers=headers)


def validation(payload: Mapping[str, object]) -> Refusal:
    """400: fields, or positions of items, and what is wrong with each."""
    return Refusal(400, "VALIDATION_ERROR", "Validation failed", payload=payload)


def field_error(code: str, message: str, params: tuple[object, ...] = ()) -> dict[str, object]:
    """What is wrong with one field."""
    error: dict[str, object] = {"code": code, "message": message}
    if params:
        error["params"] = list(params)
    return error


def absent(what: str) -> Refusal:
    """404."""
    return Refusal(404, "DOES_NOT_EXIST", f"There is no such {what}")


def too_many(interval: str, message: str, retry_after_s: int = 0) -> Refusal:
    """429: `interval` MIN, HOUR or DAY."""
    return Refusal(
        429,
        "TOO_MANY_REQUESTS",
        message,
        payload={"interval": interval} if interval else None,
        retry_after_s=retry_after_s,
    )


def not_enough_balance() -> Refusal:
    """409: the account cannot pay for the request; nothing of it was carried out."""
    return Refusal(409, "NOT_ENOUGH_BALANCE", "Not enough money on the account to issue the bonuses")
