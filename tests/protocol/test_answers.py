"""Every fault and every error code through whole runs: what is paid, what the report says, and what the next run does.

Three bonuses; what goes wrong strikes the second, or every reading. The next run finds a provider that is well again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from reconcile.emulator.faultkinds import FAULTS
from reconcile.protocol.report import Report
from reconcile.providers.toloka import outcomes
from tests.support.world import Fault, World, bonus

ALL = ("w1", "w2", "w3")
REST = ("w1", "w3")
FIRST = ("w1",)  # sending stopped with w2, before w3 went out
HOUR_MS = 3_600_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, desired=[bonus("w1", "1.00"), bonus("w2", "2.00"), bonus("w3", "3.00")])
    yield made
    made.close()


class Case(NamedTuple):
    """What strikes; who is paid by the first run, its exit code, why w2 is left ("" if it is not) and with which code;
    who is paid after the next run, and its exit code; who is paid in the end, without a person's help.
    """

    fault: Fault
    paid: tuple[str, ...]
    exit_code: int
    why: str
    code: str
    paid_next: tuple[str, ...] = ALL
    exit_next: int = 0
    paid_at_last: tuple[str, ...] = ALL


def on_w2(name: str, **more: object) -> Fault:
    return Fault(name=name, user="w2", **more)  # type: ignore[arg-type]


FAULT_CASES = (
    # The answer does not come, or comes late: what was carried out is found, what was not is sent again by the next run.
    Case(on_w2("cut_before"), REST, 3, "in_doubt", "lost"),
    Case(on_w2("cut_after"), ALL, 0, "", ""),
    Case(on_w2("reset"), ALL, 0, "", ""),
    Case(on_w2("hang"), ALL, 0, "", ""),
    Case(on_w2("drip"), ALL, 0, "", ""),
    Case(on_w2("truncate"), ALL, 0, "", ""),
    Case(on_w2("shorten"), ALL, 0, "", ""),
    Case(on_w2("late", delay_ms=400), ALL, 0, "", ""),
    Case(on_w2("late", delay_ms=HOUR_MS), REST, 3, "in_doubt", "lost"),
    Case(Fault(name="latency", delay_ms=2_000), ALL, 0, "", ""),
    # An answer comes and proves nothing.
    Case(on_w2("error_before"), REST, 3, "in_doubt", "INTERNAL_ERROR"),
    Case(on_w2("error_before", status=503), REST, 3, "in_doubt", "REMOTE_SERVICE_UNAVAILABLE"),
    Case(on_w2("error_after"), ALL, 0, "", ""),
    Case(on_w2("proxy_page"), REST, 3, "in_doubt", "http_error"),
    Case(on_w2("bare"), REST, 3, "in_doubt", "http_error"),
    Case(on_w2("redirect"), REST, 3, "in_doubt", "redirected"),
    Case(on_w2("garble"), ALL, 0, "", ""),
    Case(on_w2("wrong_id"), ALL, 0, "", ""),
    Case(on_w2("wrong_counts"), ALL, 0, "", ""),
    # Toloka refuses.
    Case(on_w2("refuse"), REST, 3, "rejected", "VALIDATION_ERROR"),
    Case(on_w2("too_many", interval="MIN", retry_after_s=1, times=1), ALL, 0, "", ""),
    Case(on_w2("too_many", interval="HOUR"), FIRST, 3, "quota", "TOO_MANY_REQUESTS"),
    Case(on_w2("too_many", interval="DAY"), FIRST, 3, "quota", "TOO_MANY_REQUESTS"),
    Case(on_w2("no_funds"), FIRST, 3, "in_doubt", "NOT_ENOUGH_BALANCE"),
    Case(on_w2("unauthorized"), FIRST, 3, "refused", "AUTHENTICATION_ERROR"),
    Case(on_w2("forbidden"), FIRST, 3, "refused", "ACCESS_DENIED"),
    # The operation is slow, or fails.
    Case(on_w2("slow_start", delay_ms=HOUR_MS), REST, 3, "in_doubt", "", REST, 3),
    # The list shows the payment before the operation ends: presence always counts.
    Case(on_w2("slow_run", delay_ms=HOUR_MS), ALL, 0, "", ""),
    Case(on_w2("fail"), REST, 3, "in_doubt", "", REST, 3),
    Case(on_w2("fail", made=1), ALL, 0, "", ""),
    Case(on_w2("fail", made=1, code="NO_LOG"), ALL, 0, "", ""),
    Case(on_w2("reject"), REST, 3, "rejected", "VALUE_NOT_ALLOWED"),
    Case(on_w2("reject", code="ENTITY_DOES_NOT_EXIST"), REST, 3, "rejected", "ENTITY_DOES_NOT_EXIST"),
    Case(on_w2("reject_payment"), REST, 3, "rejected", "OPERATION_EXECUTION_ERROR"),
    # Readings fail. The first payment of an account is read back before the rest is sent.
    Case(Fault(name="log_archived"), ALL, 0, "", ""),
    Case(Fault(name="lag"), ("w1",), 3, "refused", ""),
    Case(Fault(name="error_before", on="log"), ALL, 0, "", ""),
    Case(Fault(name="error_before", on="operation", times=2), ALL, 0, "", ""),
    Case(Fault(name="error_before", on="bonuses"), (), 3, "scan_failed", ""),
)

CODE_CASES = (
    Case(on_w2("refuse", status=400, code="VALIDATION_ERROR"), REST, 3, "rejected", "VALIDATION_ERROR"),
    Case(on_w2("refuse", status=401, code="AUTHENTICATION_ERROR"), FIRST, 3, "refused", "AUTHENTICATION_ERROR"),
    Case(on_w2("refuse", status=403, code="AUTHENTICATION_ERROR"), FIRST, 3, "refused", "AUTHENTICATION_ERROR"),
    Case(on_w2("refuse", status=403, code="ACCESS_DENIED"), FIRST, 3, "refused", "ACCESS_DENIED"),
    Case(on_w2("refuse", status=404, code="DOES_NOT_EXIST"), FIRST, 3, "refused", "DOES_NOT_EXIST"),
    # "Exists" is never followed by another send: what is then not to be found is for a person to decide.
    Case(on_w2("refuse", status=409, code="OPERATION_ALREADY_EXISTS"), REST, 3, "in_doubt", "", REST, 3, REST),
    Case(on_w2("refuse", status=409, code="ENTITY_CONFLICT"), REST, 3, "rejected", "ENTITY_CONFLICT"),
    Case(on_w2("refuse", status=409, code="CONFLICT_STATE"), REST, 3, "in_doubt", "CONFLICT_STATE"),
    Case(on_w2("refuse", status=400, code="NOT_ENOUGH_BALANCE"), FIRST, 3, "funds", "NOT_ENOUGH_BALANCE"),
    Case(on_w2("refuse", status=409, code="NOT_ENOUGH_BALANCE"), FIRST, 3, "in_doubt", "NOT_ENOUGH_BALANCE"),
    Case(on_w2("refuse", status=409, code="BILLING_NOT_SYNCHRONIZED"), REST, 3, "in_doubt", "BILLING_NOT_SYNCHRONIZED"),
    Case(on_w2("refuse", status=413, code="PAYLOAD_TOO_LARGE"), REST, 3, "rejected", "PAYLOAD_TOO_LARGE"),
    Case(
        on_w2("refuse", status=413, code="ARRAY_SIZE_GREATER_THAN_MAX"),
        REST,
        3,
        "rejected",
        "ARRAY_SIZE_GREATER_THAN_MAX",
    ),
    Case(on_w2("refuse", status=415, code="UNSUPPORTED_MEDIA_TYPE"), REST, 3, "rejected", "UNSUPPORTED_MEDIA_TYPE"),
    Case(on_w2("refuse", status=429, code="TOO_MANY_REQUESTS"), FIRST, 3, "quota", "TOO_MANY_REQUESTS"),
    Case(on_w2("refuse", status=500, code="INTERNAL_ERROR"), REST, 3, "in_doubt", "INTERNAL_ERROR"),
    Case(
        on_w2("refuse", status=500, code="OPERATION_EXECUTION_ERROR"),
        REST,
        3,
        "in_doubt",
        "OPERATION_EXECUTION_ERROR",
    ),
    Case(
        on_w2("refuse", status=503, code="REMOTE_SERVICE_UNAVAILABLE"),
        REST,
        3,
        "in_doubt",
        "REMOTE_SERVICE_UNAVAILABLE",
    ),
    Case(on_w2("refuse", status=409, code="OPERATION_LOGS_ARCHIVED"), REST, 3, "in_doubt", "OPERATION_LOGS_ARCHIVED"),
    Case(on_w2("refuse", status=400, code="SOMETHING_NEW"), REST, 3, "rejected", "SOMETHING_NEW"),
    Case(on_w2("refuse", status=418, code="SOMETHING_NEW"), REST, 3, "in_doubt", "SOMETHING_NEW"),
)


def left_of_w2(report: Report) -> tuple[str, str]:
    return next(((row.why.value, row.code) for row in report.left if row.address == "c/w2"), ("", ""))


def paid(world: World) -> tuple[str, ...]:
    """Who was paid, once for each payment: a double payment shows twice."""
    return tuple(sorted(recipient for _, recipient, _ in world.paid()))


@pytest.mark.parametrize("case", FAULT_CASES + CODE_CASES, ids=lambda case: case.fault.as_text())
def test_what_each_answer_comes_to(world: World, case: Case) -> None:
    """Both runs: who is paid, the exit code, and the reason with the provider's code. Nobody is paid twice."""
    world.strike(case.fault)
    report = world.apply(wait_s=0, slots=1)
    assert (paid(world), report.exit_code, *left_of_w2(report)) == case[1:5]
    world.strike()
    report = world.apply(wait_s=0, slots=1)
    assert (paid(world), report.exit_code) == (case.paid_next, case.exit_next)


@pytest.mark.parametrize("case", FAULT_CASES + CODE_CASES, ids=lambda case: case.fault.as_text())
def test_whatever_happened_a_day_later_everybody_is_paid_once(world: World, case: Case) -> None:
    """What a run leaves in doubt is proved once the settle window has passed."""
    world.strike(case.fault)
    world.apply(wait_s=0)
    world.strike()
    for _ in range(3):
        world.clock.advance(24 * HOUR_MS)
        report = world.apply(wait_s=0)
    assert (report.exit_code, paid(world)) == (0 if case.paid_at_last == ALL else 3, case.paid_at_last)
    assert {address[2:] for address in world.issued()} == set(case.paid_at_last)


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "VALIDATION_ERROR"), (401, "AUTHENTICATION_ERROR"), (409, "CONFLICT_STATE"), (500, "INTERNAL_ERROR")],
)
def test_what_is_left_names_tolokas_request_and_what_to_do(world: World, status: int, code: str) -> None:
    """Support asks for the request's id; a person asks what the code means."""
    world.strike(on_w2("refuse", status=status, code=code))
    report = world.apply(wait_s=0, slots=1)
    row = next(row for row in report.left if row.address == "c/w2")
    assert (row.code, len(row.request_id), row.advice) == (code, 32, outcomes.explain(code))


def test_every_fault_of_the_emulator_is_in_the_table() -> None:
    assert {case.fault.name for case in FAULT_CASES} == set(FAULTS)


def test_every_error_code_is_in_the_table_with_each_of_its_statuses() -> None:
    expected = {(status, code) for code, meaning in outcomes.CODES.items() for status in meaning.statuses}
    assert {(case.fault.status, case.fault.code) for case in CODE_CASES if case.code in outcomes.CODES} | {
        (409, outcomes.ALREADY_EXISTS)
    } == expected
