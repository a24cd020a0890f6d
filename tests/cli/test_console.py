"""The one module that prints, and the questions it asks."""

import io
from decimal import Decimal

import pytest

from reconcile.cli.console import Console
from reconcile.cli.failures import wants_json
from reconcile.cli.progress import ConsoleProgress
from reconcile.cli.question import total_text
from reconcile.model import Identity
from reconcile.money import Money
from reconcile.plan.model import Action, Change
from reconcile.protocol.report import Paid


def change(amount: str, currency: str) -> Change:
    return Change(
        Action.ISSUE,
        Identity("", "c", "r", "", ""),
        bytes(16),
        "toloka",
        currency,
        Decimal(amount),
        Decimal(0),
        bytes(16),
        1,
        1,
        None,
        b"",
        (),
        "",
        0,
        "",
        (),
    )


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["plan", "--format", "json"], True),
        (["plan", "--format=json"], True),
        (["plan", "--format", "text"], False),
        (["plan", "--format=json", "--format=text"], False),
        (["plan", "json"], False),
        (["plan"], False),
        (["--format"], False),
    ],
)
def test_json_is_recognised_also_in_a_command_line_that_does_not_parse(arguments: list[str], asked: bool) -> None:
    assert wants_json(arguments) is asked


def test_results_go_to_stdout_and_messages_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(environ={})
    console.result("a result")
    console.say("a message")
    console.warn("careful")
    console.next("bonusctl plan")
    printed = capsys.readouterr()
    assert printed.out == "a result\n"
    assert printed.err == "a message\nWarning: careful\n\nNext:\n  bonusctl plan\n"


def test_quiet_silences_messages_and_keeps_errors(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(environ={}, verbosity=-1)
    console.say("a message")
    console.detail("a detail")
    console.next("bonusctl plan")
    console.message("an error")
    assert capsys.readouterr().err == "an error\n"


def test_details_are_for_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    Console(environ={}).detail("a detail")
    assert capsys.readouterr().err == ""
    Console(environ={}, verbosity=1).detail("a detail")
    assert capsys.readouterr().err == "a detail\n"


def test_a_character_that_the_output_cannot_hold_is_spelled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    Console(environ={}).result("prüfung → 1.00")
    assert raw.getvalue() == b"pr\\xfcfung \\u2192 1.00\n"


def test_the_end_of_input_is_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert Console(environ={}).confirm("Pay?") is False


def test_a_total_of_two_currencies_names_both() -> None:
    assert total_text([change("1.00", "USD"), change("0.005", "USD")]) == "1.005 USD"
    assert total_text([change("1.00", "USD"), change("50.00", "RUB")]) == "1.00 USD, 50.00 RUB"


def test_progress_without_a_terminal_is_one_line_at_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    progress = ConsoleProgress(Console(environ={}))
    progress.phase("toloka: reading what was paid")
    progress.paying("toloka", payments=2, amount=Money(Decimal("3.00"), "USD"))
    progress.settled([Paid("c/r", bytes(16), "toloka", "USD", Decimal("1.00"), "1", False)], rejected=(), under_way=1)
    progress.note("toloka: waiting \x1b[2J")
    assert capsys.readouterr().err == "toloka: paying 3.00 USD in 2 payments\ntoloka: waiting \\x1b[2J\n"
