"""Toloka's own client, unchanged, against the emulator. Run by `run_kit.py` with the Python of `.venv-kit`.

Each function `check_…` is one claim, said by its docstring. `list` as the second argument prints what the client lists
instead, for a comparison with bonusctl's state.
"""

import datetime
import importlib
import json
import logging
import sys
import traceback
import urllib.request
import uuid
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

logging.disable(logging.CRITICAL)
kit: Any = importlib.import_module("toloka.client")
exceptions: Any = importlib.import_module("toloka.client.exceptions")


def client(endpoint: str, token: str = "any", **more: Any) -> Any:
    """A client of its own account: checks do not see each other's payments."""
    more.setdefault("act_under_account_id", uuid.uuid4().hex)
    return kit.TolokaClient(token, url=endpoint, retries=0, **more)


def bonuses(*users: str, amount: str = "0.50") -> list[Any]:
    return [kit.UserBonus(user_id=user, amount=Decimal(amount), private_comment=f"for {user}") for user in users]


def faults(endpoint: str, *names: dict[str, object]) -> None:
    body = json.dumps({"faults": list(names)}).encode()
    request = urllib.request.Request(
        f"{endpoint}/emulator/faults", data=body, headers={"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()


def error_of(call: Callable[[], Any], kind: Any) -> Any:
    """The exception of this kind that a call raises."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def check_requester(endpoint: str) -> None:
    """get_requester tells the account, its name and its exact balance."""
    requester = client(endpoint, act_under_account_id="a1").get_requester()
    assert (requester.id, requester.balance) == ("a1", Decimal("100000.00"))
    assert requester.public_name == {"EN": "Emulated requester"}


def check_async(endpoint: str) -> None:
    """create_user_bonuses_async, wait_operation and get_operation_log: one payment an item, proved by the log."""
    toloka = client(endpoint)
    operation = toloka.create_user_bonuses_async(bonuses("w1", "w2"), skip_invalid_items=True)
    operation = toloka.wait_operation(operation, datetime.timedelta(seconds=30), disable_progress=True)
    assert operation.status == operation.Status.SUCCESS
    assert (operation.details.total_count, operation.details.success_count) == (2, 2)
    assert operation.parameters.skip_invalid_items is True
    log = toloka.get_operation_log(operation.id)
    assert [(item.type, item.success) for item in log] == [("USER_BONUS_PERSIST", True)] * 2
    listed = {bonus.id: bonus for bonus in toloka.get_user_bonuses()}
    assert [listed[item.output["user_bonus_id"]].user_id for item in log] == ["w1", "w2"]
    assert [bonus.amount for bonus in listed.values()] == [Decimal("0.50")] * 2


def check_known_operation(endpoint: str) -> None:
    """The same operation id again pays nothing: the client gets the first operation back."""
    toloka, once = client(endpoint), uuid.uuid4()
    for _ in range(2):
        operation = toloka.create_user_bonuses_async(bonuses("w1"), operation_id=once)
        operation = toloka.wait_operation(operation, disable_progress=True)
    assert uuid.UUID(operation.id) == once
    assert len(list(toloka.get_user_bonuses())) == 1


def check_batch(endpoint: str) -> None:
    """create_user_bonuses restores positions, and lists what was invalid."""
    toloka = client(endpoint)
    result = toloka.create_user_bonuses(bonuses("w0", "unknown-1", "w2"), skip_invalid_items=True)
    assert {position: bonus.user_id for position, bonus in result.items.items()} == {"0": "w0", "2": "w2"}
    assert result.validation_errors["1"]["user_id"]["code"] == "ENTITY_DOES_NOT_EXIST"


def check_batch_in_sync_mode(endpoint: str) -> None:
    """The same in synchronous mode."""
    toloka = client(endpoint)
    result = toloka.create_user_bonuses(bonuses("w0", "unknown-1"), skip_invalid_items=True, async_mode=False)
    assert {position: bonus.user_id for position, bonus in result.items.items()} == {"0": "w0"}
    assert result.validation_errors["1"]["user_id"].code == "ENTITY_DOES_NOT_EXIST"


def check_nothing_valid(endpoint: str) -> None:
    """Only invalid bonuses: ValidationApiError, asynchronous and synchronous."""
    toloka = client(endpoint)
    for is_async in (True, False):
        call = partial(toloka.create_user_bonuses, bonuses("unknown-1"), skip_invalid_items=True, async_mode=is_async)
        assert error_of(call, exceptions.ValidationApiError).invalid_fields == ["0"]
    assert list(toloka.get_user_bonuses()) == []


def check_single(endpoint: str) -> None:
    """create_user_bonus gives the bonus with its id, in both modes; texts and assignment come back."""
    toloka = client(endpoint)
    sent = kit.UserBonus(
        user_id="w1",
        amount=Decimal("0.125"),
        private_comment="thanks",
        public_title={"EN": "Good Job!", "RU": "Молодец!"},
        public_message={"EN": "Ten tasks completed"},
        assignment_id="000015fccc--63bfc4c358d7a46c32a7b233",
    )
    for is_async in (True, False):
        made = toloka.create_user_bonus(sent, async_mode=is_async)
        assert made.id.isdigit()
        assert made.amount == Decimal("0.125")
        assert made.public_title == {"EN": "Good Job!", "RU": "Молодец!"}
        assert made.assignment_id == "000015fccc--63bfc4c358d7a46c32a7b233"
        assert toloka.get_user_bonus(made.id) == made
    assert len(list(toloka.get_user_bonuses())) == 2


def check_lists(endpoint: str) -> None:
    """get_user_bonuses pages through everything; filters and orders work."""
    toloka = client(endpoint)
    toloka.create_user_bonuses(bonuses(*(f"w{number}" for number in range(25))), async_mode=False)
    paged = list(toloka.get_user_bonuses(batch_size=7))
    assert [bonus.user_id for bonus in paged] == [f"w{number}" for number in range(25)]
    assert [bonus.user_id for bonus in toloka.get_user_bonuses(user_id="w7")] == ["w7"]
    assert [bonus.user_id for bonus in toloka.get_user_bonuses(private_comment="for w8")] == ["w8"]
    newest = toloka.find_user_bonuses(sort=["-created", "-id"], limit=2)
    assert ([bonus.user_id for bonus in newest.items], newest.has_more) == (["w24", "w23"], True)
    since = paged[0].created - datetime.timedelta(minutes=1)
    assert len(list(toloka.get_user_bonuses(created_gte=since))) == 25
    assert list(toloka.get_user_bonuses(created_lt=since)) == []


def check_operations(endpoint: str) -> None:
    """find_operations and get_operations by type, status, time and order."""
    toloka = client(endpoint)
    made = [toloka.create_user_bonuses_async(bonuses(f"w{number}")) for number in range(3)]
    for operation in made:
        toloka.wait_operation(operation, disable_progress=True)
    found = toloka.find_operations(type="USER_BONUS.BATCH_CREATE", status="SUCCESS", sort=["-submitted"], limit=2)
    assert ([one.id for one in found.items], found.has_more) == ([made[2].id, made[1].id], True)
    paged = list(toloka.get_operations(type="USER_BONUS.BATCH_CREATE", batch_size=1))
    assert sorted(one.id for one in paged) == sorted(one.id for one in made)
    late = list(toloka.get_operations(submitted_gt=made[0].submitted))
    assert {one.id for one in late} == {made[1].id, made[2].id}


def check_errors(endpoint: str) -> None:
    """Errors become the client's own exceptions, with code and request id."""
    toloka = client(endpoint)
    too_much = bonuses("w", amount="1000")[0]
    calls: tuple[tuple[Callable[[], Any], Any, str], ...] = (
        (partial(toloka.get_operation, str(uuid.uuid4())), exceptions.DoesNotExistApiError, "DOES_NOT_EXIST"),
        (partial(toloka.get_user_bonus, "1"), exceptions.DoesNotExistApiError, "DOES_NOT_EXIST"),
        (
            partial(toloka.create_user_bonus, too_much, async_mode=False),
            exceptions.ValidationApiError,
            "VALIDATION_ERROR",
        ),
    )
    for call, kind, code in calls:
        error = error_of(call, kind)
        assert (error.code, len(error.request_id)) == (code, 32)


def check_refusals(endpoint: str) -> None:
    """Refusals on request: token, access, quota, money, server errors."""
    toloka = client(endpoint)
    refusals: tuple[tuple[dict[str, object], Any], ...] = (
        ({"name": "unauthorized"}, exceptions.AuthenticationApiError),
        ({"name": "forbidden"}, exceptions.AccessDeniedApiError),
        ({"name": "too_many", "interval": "DAY"}, exceptions.TooManyRequestsApiError),
        ({"name": "no_funds"}, exceptions.IncorrectActionsApiError),
        ({"name": "error_before"}, exceptions.InternalApiError),
        ({"name": "error_before", "status": 503}, exceptions.RemoteServiceUnavailableApiError),
    )
    for fault, kind in refusals:
        faults(endpoint, fault)
        error_of(partial(toloka.create_user_bonuses_async, bonuses("w")), kind)
    faults(endpoint)
    assert list(toloka.get_user_bonuses()) == []


def check_keys(endpoint: str) -> None:
    """Both kinds of token are taken: OAuth, and keys of three parts."""
    for token in ("AgAAAABsomething", "AbCdEfGhIjKlMnOpQrStUv.AbCd.0123456789"):
        assert client(endpoint, token).get_requester().balance == Decimal("100000.00")


def list_payments(endpoint: str) -> None:
    """What the client lists for the emulator's own account, as JSON."""
    listed = kit.TolokaClient("any", url=endpoint).get_user_bonuses()
    sys.stdout.write(json.dumps([[bonus.id, bonus.user_id, f"{bonus.amount:f}"] for bonus in listed]) + "\n")


def pay_as_scripts_do(endpoint: str) -> None:
    """What a payment script does about a failed call: it is run again, for everybody."""
    toloka = kit.TolokaClient("any", url=endpoint, retries=0)
    for _ in range(2):
        try:
            for user in ("lost-1", "lost-2", "lost-3"):
                toloka.create_user_bonus(kit.UserBonus(user_id=user, amount=Decimal("1.00"), public_title={"EN": "Hi"}))
        except Exception:  # noqa: BLE001 (a script sees an error and starts over)
            continue
        break


def main() -> int:
    endpoint, *rest = sys.argv[1:]
    if rest == ["script"]:
        pay_as_scripts_do(endpoint)
        return 0
    if rest == ["list"]:
        list_payments(endpoint)
        return 0
    failed = 0
    checks = [value for name, value in globals().items() if name.startswith("check_")]
    for check in checks:
        try:
            check(endpoint)
        except Exception:  # noqa: BLE001 (whatever a check raises, it failed)
            failed += 1
            sys.stdout.write(f"FAILED {check.__doc__}\n{traceback.format_exc()}\n")
    sys.stdout.write(f"{len(checks) - failed} {failed}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
