"""The end of a run, as a person reads it and as a program does."""

from dataclasses import replace
from decimal import Decimal

from reconcile.protocol.report import UNOWNED, Left, LeftBonus, Paid, Report, Wait
from reconcile.render.report_json import render_report_json
from reconcile.render.report_text import render_report_text

EMPTY = Report(
    run_id="11111111-2222-3333-4444-555555555555",
    plan=None,
    digest="",
    paid=(),
    left=(),
    waits=(),
    alarms=(),
    notes=(),
    unchanged=0,
    unattributed=0,
    withdrawn=0,
    interrupted=False,
)


def paid(recipient: str, amount: str, *, currency: str = "USD", adopted: bool = False) -> Paid:
    return Paid(f"w/{recipient}", bytes(16), "toloka", currency, Decimal(amount), "1000003", adopted)


def left(recipient: str, why: Left, code: str = "", message: str = "") -> LeftBonus:
    return LeftBonus(f"w/{recipient}", bytes(16), "toloka", "USD", Decimal("1.00"), why, code, message)


def test_a_run_that_did_all_says_what_it_paid() -> None:
    report = replace(EMPTY, paid=(paid("a", "1.00"), paid("b", "0.005"), paid("c", "2.00", adopted=True)))
    assert render_report_text(report) == "Done: 2 issued (1.005 USD), 1 found paid at the provider and recorded.\n"


def test_two_currencies_are_told_apart() -> None:
    report = replace(EMPTY, paid=(paid("a", "1.00"), paid("b", "50.00", currency="RUB")))
    assert render_report_text(report) == "Done: 2 issued (50.00 RUB, 1.00 USD).\n"
    summary = render_report_json(report)["summary"]
    assert isinstance(summary, dict)
    assert summary["total_issued"] is None
    assert summary["totals"] == {"RUB": "50.00", "USD": "1.00"}


def test_what_is_left_stands_by_reason_with_what_to_do() -> None:
    """Rejections first, then what waits; each reason once, each bonus on its line; texts are shown, not obeyed."""
    report = replace(
        EMPTY,
        paid=(paid("a", "1.00"),),
        left=(
            left("limited", Left.LIMIT),
            left("gone", Left.REJECTED, "ENTITY_DOES_NOT_EXIST", "no \x1b[2J worker"),
            left("blocked", Left.REJECTED, "BLOCKED", ""),
        ),
        waits=(Wait("toloka", Left.QUOTA, "toloka: the day's quota is used up.", 1_795_392_000_000),),
    )
    assert render_report_text(report) == (
        "Left\n"
        "  2 rejected by the provider\n"
        "    w/gone     1.00 USD  ENTITY_DOES_NOT_EXIST: no \\x1b[2J worker\n"
        "    w/blocked  1.00 USD  BLOCKED\n"
        "  1 left for later by --limit\n"
        "    w/limited  1.00 USD\n"
        "\n"
        "toloka: the day's quota is used up. Come back after 2026-11-23T00:00:00.000Z.\n"
        "\n"
        "Ended, with something left: 1 issued (1.00 USD), 3 left.\n"
        "\n"
        "Correct what the provider rejected in the specs; the next apply tries again.\n"
        "Run `bonusctl apply` again for the rest.\n"
    )


def test_a_long_list_says_how_much_of_it_is_missing() -> None:
    report = replace(EMPTY, left=tuple(left(f"w{one}", Left.LIMIT) for one in range(5)))
    lines = render_report_text(report, limit_rows=4).splitlines()
    assert "    w/w3  1.00 USD" in lines
    assert "    … and 1 more (--format json lists all)" in lines
    assert "… and" not in render_report_text(report, limit_rows=5)


def test_an_interrupted_run_says_that_nothing_is_lost() -> None:
    text = render_report_text(replace(EMPTY, interrupted=True, left=(left("a", Left.INTERRUPTED),)))
    assert "Interrupted: 0 issued, 1 left." in text
    assert text.endswith("Nothing is lost: run `bonusctl apply` again to go on.\n")


def test_an_alarm_comes_first() -> None:
    text = render_report_text(replace(EMPTY, alarms=("two payments with one marker",)))
    assert text.startswith("Alarm: two payments with one marker\n")


def test_colour_is_only_written_where_it_is_asked_for() -> None:
    assert "\x1b" not in render_report_text(EMPTY)
    assert "\x1b[32;1mDone:\x1b[0m" in render_report_text(EMPTY, color=True)


def test_the_document_has_the_keys_that_programs_rely_on() -> None:
    report = replace(
        EMPTY,
        paid=(paid("a", "1.00"), paid("b", "2.00", adopted=True)),
        left=(left("gone", Left.REJECTED, "CODE", "why"), left("odd", Left.IN_DOUBT), left("late", Left.GATE)),
        waits=(Wait("toloka", Left.GATE, "wait", None),),
    )
    document = render_report_json(report)
    assert document["format_version"] == 1
    assert document["exit_code"] == 3
    summary = document["summary"]
    assert isinstance(summary, dict)
    expected = {"issued": 1, "rejected": 1, "in_doubt": 1, "not_sent": 1, "total_issued": "1.00", "adopted": 1}
    assert {key: summary[key] for key in expected} == expected
    rejected = document["rejected"]
    assert isinstance(rejected, list)
    assert {key: rejected[0][key] for key in ("address", "code", "message")} == {
        "address": "w/gone",
        "code": "CODE",
        "message": "why",
    }
    assert document["waits"] == [{"provider": "toloka", "reason": "gate", "text": "wait", "until": None}]


def test_a_bonus_held_back_stands_apart_from_one_that_was_sent() -> None:
    """One waits for the provider, the other for a person: each has its words and its advice."""
    report = replace(
        EMPTY,
        left=(left("sent", Left.IN_DOUBT), left("held", Left.IN_DOUBT, UNOWNED, "the provider shows 0.30 USD.")),
        nobodys=1,
    )
    assert render_report_text(report) == (
        "Left\n"
        "  1 in doubt: whether it was paid is not known yet\n"
        "    w/sent  1.00 USD\n"
        "  1 in doubt: not sent, since a payment that this state does not know may be this bonus\n"
        "    w/held  1.00 USD  the provider shows 0.30 USD.\n"
        "\n"
        "Ended, with something left: 0 issued, 2 left, 1 known as nobody's bonus.\n"
        "\n"
        "Run `bonusctl apply` again later: it looks before it sends.\n"
        "Decide what waits for a payment that this state does not know: `bonusctl import --from-provider --since DATE` takes "
        "it over, `bonusctl state resolve ADDRESS --issued` or `--not-issued` says whose it is.\n"
    )
    summary = render_report_json(report)["summary"]
    assert isinstance(summary, dict)
    assert (summary["in_doubt"], summary["nobodys"]) == (2, 1)
