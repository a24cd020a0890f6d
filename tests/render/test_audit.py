"""What was paid, as text, JSON, CSV and beancount; the same hostile texts in every export."""

import csv
import re
from collections.abc import Sequence
from decimal import Decimal

import pytest

from reconcile.model import Account, PaymentStatus
from reconcile.render.audit_text import (
    csv_cell,
    render_report_csv,
    render_report_document,
    render_report_lines,
    render_run_json,
    render_run_text,
)
from reconcile.render.audit_values import PaidPayment, RunPaymentRow, masked_row, summed
from reconcile.render.beancount import render_beancount
from reconcile.render.mask import Masker
from reconcile.state.ledger import RecordedPayment, RunRecord
from reconcile.times import parse_time
from tests.render.review_world import ASSIGNMENT, FIRST, HOSTILE

D = Decimal
SANDBOX = Account("toloka", "sandbox", "566ec2b0")
YANDEX = Account("toloka", "yandex", "aa11")


def paid(
    campaign: str, recipient: str, amount: str, at: str | None, account: Account = SANDBOX, currency: str = "USD"
) -> PaidPayment:
    bound_ms = parse_time("2026-10-01")
    assert bound_ms is not None
    return PaidPayment(account, currency, campaign, recipient, D(amount), parse_time(at) if at else None, bound_ms)


PAID = (
    paid("week-47", "ann", "1.00", "2026-11-20T10:00:00Z"),
    paid("week-47", "ben", "1.005", "2026-11-22T10:00:00Z"),
    paid("week-47", "ann", "0.50", "2026-12-01"),
    paid("week-48", "ann", "2.00", None),
    paid("week-48", "cat", "300.00", "2026-11-22", YANDEX, "RUB"),
)


def run_record() -> RunRecord:
    return RunRecord(
        run_id="4f7c21d0-0000-4000-8000-000000000000",
        command="apply",
        actor="github:alice (run 123)",
        host="runner",
        git_commit="0123abc",
        version="0.1.0",
        started_ms=1_790_000_000_000,
        ended_ms=1_790_000_005_000,
        outcome="done",
        plan_digest="sha256:ab",
        issued=1,
        adopted=0,
        rejected=1,
        in_doubt=0,
        not_sent=0,
        paid=(("USD", D("1.50")),),
        pull_request="45",
    )


def payment(how: str, key: str = "award", remote_id: str = "77", code: str = "") -> RunPaymentRow:
    recorded = RecordedPayment(
        b"p" * 16, b"b" * 16, "week-47", FIRST, ASSIGNMENT, key, 1, PaymentStatus.ISSUED, D("1.50"), 1, 1, True, None,
        remote_id, 1_790_000_004_000 if remote_id else None, code, f"of {FIRST}",
    )  # fmt: skip
    return RunPaymentRow(how, "toloka", "USD", recorded)


# --- one run -------------------------------------------------------------------------------------------------------


def test_a_run_says_who_when_for_what_and_each_payment() -> None:
    rows = (payment("issued"), payment("rejected", key="", remote_id="", code="BLOCKED"))
    assert (
        render_run_text(run_record(), rows)
        == f"""\
Run 4f7c21d0-0000-4000-8000-000000000000
  command       apply (bonusctl 0.1.0)
  who           github:alice (run 123) on runner
  started       2026-09-21T14:13:20.000Z
  ended         2026-09-21T14:13:25.000Z, done
  git commit    0123abc
  pull request  45
  digest        sha256:ab
  issued        1 (1.50 USD)
  found         -

OUTCOME   ADDRESS{" " * 78}AMOUNT       PROVIDER'S ID  MADE AT (UTC)
issued    week-47/{FIRST}/{ASSIGNMENT}#award    1.50  USD  77             2026-09-21T14:13:24.000Z
rejected  week-47/{FIRST}/{ASSIGNMENT}          1.50  USD  BLOCKED        -
"""
    )


def test_a_run_as_a_document() -> None:
    document = render_run_json(run_record(), (payment("issued"),))
    assert document["format_version"] == 1
    assert isinstance(document["run"], dict)
    assert document["run"]["pull_request"] == "45"
    assert document["payments"] == [
        {
            "outcome": "issued",
            "campaign": "week-47",
            "provider": "toloka",
            "recipient": FIRST,
            "assignment_id": ASSIGNMENT,
            "key": "award",
            "payment_id": "70707070-7070-7070-7070-707070707070",
            "sequence": 1,
            "amount": "1.50",
            "currency": "USD",
            "remote_id": "77",
            "issued_at": "2026-09-21T14:13:24.000Z",
            "code": None,
            "message": f"of {FIRST}",
        }
    ]


def test_a_masked_run_names_nobody() -> None:
    row = masked_row(payment("issued", key=f"for-{FIRST}"), Masker(b"k" * 16))
    shown = render_run_text(run_record(), (row,)) + str(render_run_json(run_record(), (row,)))
    assert FIRST not in shown
    assert ASSIGNMENT not in shown
    assert "7070" not in shown


# --- sums ----------------------------------------------------------------------------------------------------------


def test_sums_by_campaign() -> None:
    assert (
        render_report_lines(summed(PAID, ("campaign",)), ("campaign",))
        == """\
CAMPAIGN  ACCOUNT                  PAYMENTS  AMOUNT
week-47   toloka sandbox 566ec2b0         3   2.505  USD
week-48   toloka sandbox 566ec2b0         1    2.00  USD
week-48   toloka yandex aa11              1  300.00  RUB
In all 4.505 USD in 4 payments.
In all 300.00 RUB in 1 payment.
"""
    )


def test_sums_by_recipient_and_month_as_csv() -> None:
    by = ("recipient", "month")
    assert (
        "".join(render_report_csv(summed(PAID, by), by))
        == """\
recipient,month,provider,environment,account,payments,amount,currency
ann,2026-11,toloka,sandbox,566ec2b0,1,1.00,USD
ann,2026-12,toloka,sandbox,566ec2b0,1,0.50,USD
ann,unknown,toloka,sandbox,566ec2b0,1,2.00,USD
ben,2026-11,toloka,sandbox,566ec2b0,1,1.005,USD
cat,2026-11,toloka,yandex,aa11,1,300.00,RUB
"""
    )


def test_sums_as_a_document() -> None:
    assert render_report_document(summed(PAID[:1], ("month",)), ("month",)) == {
        "format_version": 1,
        "by": ["month"],
        "rows": [
            {
                "month": "2026-11",
                "provider": "toloka",
                "environment": "sandbox",
                "account": "566ec2b0",
                "payments": 1,
                "amount": "1.00",
                "currency": "USD",
            }
        ],
    }


def test_nothing_paid_is_said() -> None:
    assert render_report_lines([], ("campaign",)) == "Nothing was paid.\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula_and_no_text_makes_a_row(text: str) -> None:
    lines = list(render_report_csv(summed([paid(text, text, "1.00", "2026-11-22")], ("campaign",)), ("campaign",)))
    assert len(lines) == 2
    (cells,) = csv.reader(lines[1:])
    assert len(cells) == 7
    assert not cells[0].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert all(character.isprintable() for character in cells[0])


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("\t=1", "'\\t=1"), ("a=1", "a=1"), ("", "")],
)
def test_what_a_spreadsheet_would_calculate_is_text(text: str, cell: str) -> None:
    assert csv_cell(text) == cell


# --- beancount -----------------------------------------------------------------------------------------------------


def beancount(payments: Sequence[PaidPayment], by: tuple[str, ...] = ("campaign",), *, daily: bool = True) -> str:
    return "".join(render_beancount(summed(payments, by, daily=daily), by))


def test_a_ledger_day_by_day() -> None:
    assert (
        beancount(PAID)
        == """\
; Made by "bonusctl report --format beancount".

option "title" "Bonuses paid"
option "operating_currency" "RUB"
option "operating_currency" "USD"

2026-10-01 open Assets:Toloka:Sandbox:566ec2b0 USD
2026-11-22 open Assets:Toloka:Yandex:Aa11 RUB
2026-11-20 open Expenses:Bonuses:Week-47 USD
2026-10-01 open Expenses:Bonuses:Week-48 RUB,USD

2026-10-01 * "Toloka sandbox" "1 payment"
  account: "566ec2b0"
  campaign: "week-48"
  Expenses:Bonuses:Week-48         2.00 USD
  Assets:Toloka:Sandbox:566ec2b0  -2.00 USD

2026-11-20 * "Toloka sandbox" "1 payment"
  account: "566ec2b0"
  campaign: "week-47"
  Expenses:Bonuses:Week-47         1.00 USD
  Assets:Toloka:Sandbox:566ec2b0  -1.00 USD

2026-11-22 * "Toloka sandbox" "1 payment"
  account: "566ec2b0"
  campaign: "week-47"
  Expenses:Bonuses:Week-47         1.005 USD
  Assets:Toloka:Sandbox:566ec2b0  -1.005 USD

2026-11-22 * "Toloka yandex" "1 payment"
  account: "aa11"
  campaign: "week-48"
  Expenses:Bonuses:Week-48    300.00 RUB
  Assets:Toloka:Yandex:Aa11  -300.00 RUB

2026-12-01 * "Toloka sandbox" "1 payment"
  account: "566ec2b0"
  campaign: "week-47"
  Expenses:Bonuses:Week-47         0.50 USD
  Assets:Toloka:Sandbox:566ec2b0  -0.50 USD
"""
    )


_STRING = r'"(?:[^"\\]|\\.)*"'
_ACCOUNT = r"(?:Assets|Expenses)(?::[A-Z0-9][A-Za-z0-9-]*)+"
_DAY = r"\d{4}-\d\d-\d\d"
GRAMMAR = re.compile(
    rf"""
      (?:) | ;.* | option\ {_STRING}\ {_STRING}
    | {_DAY}\ open\ {_ACCOUNT}\ [A-Z]{{3}}(?:,[A-Z]{{3}})*
    | {_DAY}\ \*\ {_STRING}\ {_STRING}
    | \ \ [a-z][a-z0-9_-]+:\ {_STRING}
    | \ \ {_ACCOUNT}\ +-?\d+\.\d+\ [A-Z]{{3}}
    """,
    re.VERBOSE,
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_stays_inside_of_beancounts_grammar(text: str) -> None:
    by = ("campaign", "recipient")
    made = beancount([paid(text, text, "1.00", "2026-11-22", Account("toloka", "sandbox", text))], by)
    for line in made.split("\n"):
        assert GRAMMAR.fullmatch(line), line
    assert made.count("\n") == beancount([paid("plain", "plain", "1.00", "2026-11-22")], by).count("\n")


def test_names_that_make_one_account_are_kept_apart() -> None:
    made = beancount([paid("a b", "x", "1.00", "2026-11-22"), paid("a-b", "x", "2.00", "2026-11-22")])
    accounts = set(re.findall(r"Expenses:\S+", made))
    assert len(accounts) == 2
    assert all(re.fullmatch(r"Expenses:Bonuses:A-b-[0-9a-f]{6}", account) for account in accounts)


def test_by_month_a_transaction_stands_on_the_last_day_paid() -> None:
    by = ("month",)
    made = beancount(PAID[:2], by, daily=False)
    assert '2026-11-22 * "Toloka sandbox" "2 payments"' in made
    assert "  Expenses:Bonuses:All" in made
