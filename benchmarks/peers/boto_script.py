"""Bonuses paid with boto3's send_bonus, as people script it: STYLE ENDPOINT BONUSES FOLDER.

The client has its default retries. `BONUSES` is a JSON list of [worker, assignment, amount], `FOLDER` is where a script
may keep a file. One line for each bonus: `paid WORKER` or `failed WORKER`.
"""

import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.exceptions import ClientError

Row = tuple[str, str, str]
REASON = "Perfect job!"


def say(word: str, worker: str) -> None:
    sys.stdout.write(f"{word} {worker}\n")
    sys.stdout.flush()


def send(mturk: Any, row: Row, **more: str) -> None:
    worker, assignment, amount = row
    mturk.send_bonus(WorkerId=worker, AssignmentId=assignment, BonusAmount=amount, Reason=REASON, **more)


def loop(mturk: Any, rows: list[Row], _folder: Path) -> int:
    """A loop over send_bonus without a token. An error ends the script; it is run again."""
    for row in rows:
        send(mturk, row)
        say("paid", row[0])
    return 0


def retry(mturk: Any, rows: list[Row], _folder: Path) -> int:
    """A loop with try and except; what failed is tried again, three rounds."""
    left = rows
    for _ in range(3):
        left = [row for row in left if not pay(row, lambda one: send(mturk, one))]
    return 1 if left else 0


def done_file(mturk: Any, rows: list[Row], folder: Path) -> int:
    """A loop with try and except, and a file of those who were paid."""
    return pay_once(rows, folder, lambda row: send(mturk, row))


def token(mturk: Any, rows: list[Row], _folder: Path) -> int:
    """A UniqueRequestToken made from the row; a repeated token counts as paid."""
    failed = [row for row in rows if not pay(row, lambda one: send_with_token(mturk, one))]
    return 1 if failed else 0


def token_and_file(mturk: Any, rows: list[Row], folder: Path) -> int:
    """The same, and a file of those who were paid."""
    return pay_once(rows, folder, lambda row: send_with_token(mturk, row))


def token_and_list(mturk: Any, rows: list[Row], folder: Path) -> int:
    """The same, and a look at ListBonusPayments before each send: the best that the client allows."""

    def pay_unless_listed(row: Row) -> None:
        if not is_listed(mturk, row):
            send_with_token(mturk, row)

    return pay_once(rows, folder, pay_unless_listed)


# --- what they share -----------------------------------------------------------------------------------------------


def send_with_token(mturk: Any, row: Row) -> None:
    try:
        send(mturk, row, UniqueRequestToken=f"week-47-{row[0]}-{row[1]}")
    except ClientError as error:
        if "already been processed" not in error.response["Error"]["Message"]:
            raise


def is_listed(mturk: Any, row: Row) -> bool:
    worker, assignment, amount = row
    listed = mturk.list_bonus_payments(AssignmentId=assignment, MaxResults=100)["BonusPayments"]
    return any(one["WorkerId"] == worker and Decimal(one["BonusAmount"]) == Decimal(amount) for one in listed)


def pay(row: Row, call: Callable[[Row], None]) -> bool:
    try:
        call(row)
    except Exception:  # noqa: BLE001 (a script that goes on whatever happens)
        say("failed", row[0])
        return False
    say("paid", row[0])
    return True


def pay_once(rows: list[Row], folder: Path, call: Callable[[Row], None]) -> int:
    path = folder / "done.txt"
    done = set(path.read_text().split()) if path.exists() else set()
    failed = 0
    for row in rows:
        if row[0] in done:
            say("paid", row[0])
        elif pay(row, call):
            with path.open("a") as file:
                file.write(f"{row[0]}\n")
        else:
            failed += 1
    return 1 if failed else 0


STYLES: dict[str, Callable[[Any, list[Row], Path], int]] = {
    "loop": loop,
    "retry": retry,
    "done": done_file,
    "token": token,
    "token-done": token_and_file,
    "token-list": token_and_list,
}


def main() -> int:
    style, endpoint, bonuses, folder = sys.argv[1:]
    rows = [(worker, assignment, amount) for worker, assignment, amount in json.loads(Path(bonuses).read_text())]
    return STYLES[style](boto3.client("mturk", endpoint_url=endpoint), rows, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
