"""boto3's own clients on an emulator, as an AWS account of its own: each test has a ledger of its own."""

import functools
import itertools
import json
from collections.abc import Callable
from typing import Any, Final

import boto3  # type: ignore[import-untyped]
import httpx
from botocore.config import Config
from botocore.exceptions import ClientError

from reconcile.emulator.options import MTURK_ACCESS_KEY, MTURK_SECRET_KEY
from tests.support.emulator import EmulatorProcess, Json

ASSIGNMENT: Final = "3X1FV8S5J09OQY1JC80W57HTHFJGVM"
WORKER: Final = "A143XRCI1YXAFE"
_accounts = itertools.count(200_000_000_000)


class Mturk:
    """MTurk and STS of an emulator, through boto3. `attempts`: how often boto3 tries; 1 is once."""

    def __init__(
        self,
        emulator: EmulatorProcess,
        *,
        attempts: int = 1,
        timeout_s: float = 10,
        secret: str = MTURK_SECRET_KEY,
        key: str = MTURK_ACCESS_KEY,
        account: str = "",
    ) -> None:
        self.emulator = emulator
        self.account = account or (str(next(_accounts)) if key == MTURK_ACCESS_KEY else "")
        config = Config(
            proxies={},
            read_timeout=timeout_s,
            retries={"total_max_attempts": attempts, "mode": "standard"},
            parameter_validation=False,
        )
        where = {
            "aws_access_key_id": key + self.account,
            "aws_secret_access_key": secret,
            "endpoint_url": emulator.endpoint,
            "config": config,
        }
        self.client: Any = _session().client("mturk", **where)
        self.sts: Any = _session().client("sts", **where)

    def close(self) -> None:
        """Let the connections go."""
        self.client.close()
        self.sts.close()

    def send(self, **changes: object) -> Json:
        """`SendBonus` of a dollar with a token, or with changes; None takes a member away."""
        bonus = {
            "WorkerId": WORKER,
            "AssignmentId": ASSIGNMENT,
            "BonusAmount": "1.00",
            "Reason": "Great work!",
            "UniqueRequestToken": "token-1",
        }
        answer: Json = self.client.send_bonus(**{k: v for k, v in (bonus | changes).items() if v is not None})
        return answer

    def listed(self, assignment: str = ASSIGNMENT) -> list[Json]:
        """The bonuses of an assignment, the first hundred."""
        found: list[Json] = self.client.list_bonus_payments(AssignmentId=assignment, MaxResults=100)["BonusPayments"]
        return found

    def balance(self) -> str:
        """`GetAccountBalance`."""
        return str(self.client.get_account_balance()["AvailableBalance"])

    def paid(self) -> list[Json]:
        """What the emulator's ledger says was paid for this account."""
        return [one for one in self.emulator.mturk_payments() if one["account"] == self.account]

    def refused(self, call: Callable[[], object]) -> tuple[int, str, str, str]:
        """(status, error, TurkErrorCode, message) of a call that AWS refuses."""
        try:
            call()
        except ClientError as error:
            found: Json = error.response  # type: ignore[assignment]
            status = int(found["ResponseMetadata"]["HTTPStatusCode"])
            return status, found["Error"]["Code"], found.get("TurkErrorCode", ""), found["Error"]["Message"]
        raise AssertionError("it was not refused")


@functools.cache
def _session() -> Any:
    # One for all: reading the service model takes longer than most tests.
    return boto3.Session(region_name="us-east-1")


def post(emulator: EmulatorProcess, operation: str, body: object, **headers: str) -> httpx.Response:
    """An MTurk request without boto3, unsigned unless `headers` sign it."""
    named = {
        "X-Amz-Target": f"MTurkRequesterServiceV20170117.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with httpx.Client(trust_env=False) as client:
        return client.post(f"{emulator.endpoint}/", content=raw, headers=named | headers)
