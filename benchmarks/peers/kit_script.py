"""Bonuses paid with toloka-kit, as people script it. Run with a Python that has it: STYLE ENDPOINT BONUSES FOLDER.

The client is used as its own examples use it, with its default retries. `BONUSES` is a JSON list of [user, assignment,
amount], `FOLDER` is where a script may keep a file. One line for each bonus: `paid USER` or `failed USER`.
"""

import importlib
import json
import logging
import sys
import uuid
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

logging.disable(logging.CRITICAL)
kit: Any = importlib.import_module("toloka.client")

Row = tuple[str, str, str]


def say(word: str, user: str) -> None:
    sys.stdout.write(f"{word} {user}\n")
    sys.stdout.flush()


def bonus_of(row: Row) -> Any:
    user, _, amount = row
    return kit.UserBonus(
        user_id=user,
        amount=Decimal(amount),
        public_title={"EN": "Perfect job!"},
        public_message={"EN": "You are the best!"},
        private_comment="week 47",
    )


def plain(toloka: Any, rows: list[Row], _folder: Path) -> int:
    """A loop over create_user_bonus. An error ends the script; it is run again."""
    for row in rows:
        toloka.create_user_bonus(bonus_of(row))
        say("paid", row[0])
    return 0


def retry(toloka: Any, rows: list[Row], _folder: Path) -> int:
    """A loop with try and except; what failed is tried again, three rounds."""
    left = rows
    for _ in range(3):
        left = [row for row in left if not pay(row, lambda one: toloka.create_user_bonus(bonus_of(one)))]
    return 1 if left else 0


def batch(toloka: Any, rows: list[Row], _folder: Path) -> int:
    """create_user_bonuses with all of them."""
    result = toloka.create_user_bonuses([bonus_of(row) for row in rows], skip_invalid_items=True)
    return tell(rows, {bonus.user_id for bonus in result.items.values()})


def asynchronous(toloka: Any, rows: list[Row], _folder: Path) -> int:
    """create_user_bonuses_async, wait_operation, and a look at the log."""
    operation = toloka.create_user_bonuses_async([bonus_of(row) for row in rows], skip_invalid_items=True)
    return look(toloka, operation, rows)


def asynchronous_with_id(toloka: Any, rows: list[Row], folder: Path) -> int:
    """The same with an operation_id that is written to a file before the call."""
    kept = folder / "operation-id.txt"
    if not kept.exists():
        kept.write_text(str(uuid.uuid4()))
    operation = toloka.create_user_bonuses_async(
        [bonus_of(row) for row in rows], skip_invalid_items=True, operation_id=uuid.UUID(kept.read_text())
    )
    return look(toloka, operation, rows)


def done_file(toloka: Any, rows: list[Row], folder: Path) -> int:
    """A loop with try and except, and a file of those who were paid."""
    return pay_once(rows, folder, lambda row: toloka.create_user_bonus(bonus_of(row)))


def row_id(toloka: Any, rows: list[Row], folder: Path) -> int:
    """The same with an operation_id made from the row: the best that the client allows."""
    return pay_once(rows, folder, lambda row: toloka.create_user_bonus(bonus_of(row), operation_id=id_of(row)))


def synchronous(toloka: Any, rows: list[Row], folder: Path) -> int:
    """The same in synchronous mode, which does not promise to look at operation_id."""
    return pay_once(
        rows,
        folder,
        lambda row: toloka.create_user_bonus(bonus_of(row), operation_id=id_of(row), async_mode=False),
    )


# --- what they share -----------------------------------------------------------------------------------------------


def id_of(row: Row) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"week-47/{row[0]}")


def pay(row: Row, call: Callable[[Row], Any]) -> bool:
    try:
        call(row)
    except Exception:  # noqa: BLE001 (a script that goes on whatever happens)
        say("failed", row[0])
        return False
    say("paid", row[0])
    return True


def pay_once(rows: list[Row], folder: Path, call: Callable[[Row], Any]) -> int:
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


def look(toloka: Any, operation: Any, rows: list[Row]) -> int:
    operation = toloka.wait_operation(operation, disable_progress=True)
    log = toloka.get_operation_log(operation.id)
    return tell(rows, {item.input["user_id"] for item in log if item.success and item.type == "USER_BONUS_PERSIST"})


def tell(rows: Iterable[Row], paid: set[str]) -> int:
    failed = 0
    for user, _, _ in rows:
        say("paid" if user in paid else "failed", user)
        failed += user not in paid
    return 1 if failed else 0


STYLES: dict[str, Callable[[Any, list[Row], Path], int]] = {
    "plain": plain,
    "retry": retry,
    "batch": batch,
    "async": asynchronous,
    "async-id": asynchronous_with_id,
    "done": done_file,
    "row-id": row_id,
    "sync": synchronous,
}


def main() -> int:
    style, endpoint, bonuses, folder = sys.argv[1:]
    rows = [(user, assignment, amount) for user, assignment, amount in json.loads(Path(bonuses).read_text())]
    return STYLES[style](kit.TolokaClient("any", url=endpoint), rows, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
