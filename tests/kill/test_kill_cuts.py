"""The network cuts request and answer after every byte: no cut answer proves anything, and the next run pays what is due."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from reconcile.model import SendOutcome
from reconcile.providers.base import (
    Answer,
    Call,
    ListPayments,
    Lost,
    PaymentsPage,
    PollOperation,
    SendAnswer,
    SendOperation,
    Unread,
    WireResponse,
)
from reconcile.providers.endpoint import Endpoint
from reconcile.providers.http import HttpWire, WireOptions
from tests.kill.cutting import WHOLE, Cut, CuttingProxy
from tests.kill.launching import Launcher, Project
from tests.providers.test_http_wire import one, wire_to
from tests.providers.test_mturk_codec import PLAIN, operation
from tests.providers.toloka_cases import CODEC, record
from tests.support.emulator import EmulatorProcess
from tests.support.figures import Tell

EVERY = os.environ.get("BONUSCTL_CRASH_PAIRS") == "1"

CALLS: dict[str, tuple[Call, int]] = {
    "send": (SendOperation(record(1)), 1),
    "poll": (PollOperation(record(1)), 1 if EVERY else 7),
    "list": (ListPayments(None, ""), 1 if EVERY else 7),
}
"""Each call with the share of bytes after which it is cut: every one of the request that pays."""


def proves_nothing(answer: Answer) -> bool:
    if isinstance(answer, SendAnswer):
        return answer.outcome is SendOutcome.AMBIGUOUS
    return isinstance(answer, Unread)


@pytest.mark.parametrize("name", CALLS)
def test_an_exchange_cut_after_any_byte_proves_nothing(tmp_path: Path, name: str, tell: Tell) -> None:
    call, stride = CALLS[name]
    request = CODEC.request(call)
    with (
        EmulatorProcess(tmp_path / "remote.db", {"run-ms": 0, "daily-limit": 0}) as emulator,
        CuttingProxy(emulator.port, lambda _: WHOLE) as proxy,
    ):
        with wire_to(emulator.port) as wire:
            if name != "send":
                assert isinstance(one(wire, CODEC.request(SendOperation(record(1)))), WireResponse)
        with wire_to(proxy.port) as wire:
            # Twice, since what a repeated request is answered has another length.
            whole = [one(wire, request) for _ in range(2 if name == "send" else 1)]
            assert all(isinstance(result, WireResponse) for result in whole)
            sent, answered = proxy.lengths[-1]
            cuts = [Cut(request=at) for at in range(0, sent, stride)]
            cuts += [Cut(answer=at) for at in range(0, answered, stride)]
            for cut in cuts:
                proxy.decide = lambda _, cut=cut: cut  # type: ignore[misc]
                result = one(wire, request)
                assert isinstance(result, Lost), cut
                assert proves_nothing(CODEC.answer(call, result)), cut
        assert proxy.cuts == len(cuts) > 50
        assert len(emulator.payments()) == 1
        tell({"bytes cut after": len(cuts)})


@pytest.mark.parametrize("mode", ["", "    batch_size: 2\n", "    mode: sync\n"], ids=["singles", "batches", "sync"])
def test_an_apply_whose_requests_are_cut_pays_each_bonus_once_by_the_next_run(
    tmp_path: Path, launcher: Launcher, mode: str
) -> None:
    """The payments' requests of one apply are cut at bytes of their own, on the way out and on the way back."""
    with (
        EmulatorProcess(tmp_path / "remote.db", {"run-ms": 0, "daily-limit": 0}) as emulator,
        CuttingProxy(emulator.port, lambda _: WHOLE) as proxy,
    ):
        endpoint = f"http://127.0.0.1:{proxy.port}"
        project = Project(tmp_path / "project", launcher, emulator, mode, concurrency=1, endpoint=endpoint)
        project.ask("c0", w0="10.00")
        project.apply()
        for number in range(1, 60, 2) if EVERY else (4,):
            project.ask(f"c{number}", **{f"w{number}": "10.00", f"x{number}": "20.00", f"y{number}": "30.00"})
            proxy.decide = cutting_payments(17 * number)
            ended = project.run("apply", "--auto-approve", "--format", "json", "--wait", "0")
            assert ended.code in (0, 3), ended
            proxy.decide = lambda _: WHOLE
            project.apply()
            project.assert_true()
        assert proxy.cuts >= 2


def cutting_payments(at: int) -> Callable[[bytes], Cut]:
    """Cuts every third request that pays after `at` bytes, the next third's answer, and lets the last third pass."""
    turns = count()

    def decide(request: bytes) -> Cut:
        if not request.startswith(b"POST /api/v1/user-bonuses"):
            return WHOLE
        turn = next(turns) % 3
        return (Cut(request=at % len(request)), Cut(answer=at % 200), WHOLE)[turn]

    return decide


# --- MTurk -----------------------------------------------------------------------------------------------------------

MTURK_CALLS: dict[str, tuple[Call, int]] = {
    "send": (SendOperation(operation()), 1),
    "list": (ListPayments(None, "", "3A"), 1 if EVERY else 3),
}


@contextmanager
def unsigned(port: int) -> Iterator[HttpWire]:
    """A wire to an emulator that asks for no signature."""
    options = WireOptions(
        endpoint=Endpoint("http", "127.0.0.1", port),
        authorization=lambda: "",
        sign=lambda _, __: {},
        fence=lambda: "",
        boottime_ms=lambda: 0,
        clean=lambda text: text,
        slots=1,
        timeout_s=5,
    )
    with closing(HttpWire(options)) as wire:
        yield wire


@pytest.mark.parametrize("name", MTURK_CALLS)
def test_an_exchange_with_mturk_cut_after_any_byte_proves_nothing(tmp_path: Path, name: str, tell: Tell) -> None:
    """A cut list above all: it never looks like an empty one."""
    call, stride = MTURK_CALLS[name]
    request = PLAIN.request(call)
    with (
        EmulatorProcess(tmp_path / "remote.db", {"mturk-signed": False}) as emulator,
        CuttingProxy(emulator.port, lambda _: WHOLE) as proxy,
    ):
        if name == "list":
            with unsigned(emulator.port) as wire:
                assert isinstance(one(wire, PLAIN.request(SendOperation(operation()))), WireResponse)
        with unsigned(proxy.port) as wire:
            # Twice, since what a repeated token is answered has another length.
            whole = [one(wire, request) for _ in range(2 if name == "send" else 1)]
            assert all(isinstance(result, WireResponse) for result in whole)
            sent, answered = proxy.lengths[-1]
            cuts = [Cut(request=at) for at in range(0, sent, stride)]
            cuts += [Cut(answer=at) for at in range(0, answered, stride)]
            for cut in cuts:
                proxy.decide = lambda _, cut=cut: cut  # type: ignore[misc]
                result = one(wire, request)
                assert isinstance(result, Lost), cut
                assert proves_nothing(PLAIN.answer(call, result)), cut
            proxy.decide = lambda _: WHOLE
            listed = PLAIN.answer(MTURK_CALLS["list"][0], one(wire, PLAIN.request(MTURK_CALLS["list"][0])))
        assert isinstance(listed, PaymentsPage)
        assert len(listed.payments) == 1
        assert proxy.cuts == len(cuts) > 50
        tell({"bytes cut after": len(cuts)})
