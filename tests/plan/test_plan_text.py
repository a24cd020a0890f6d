"""A plan as people see it: whole outputs, written by hand."""

from decimal import Decimal
from textwrap import dedent

import pytest

from reconcile.plan.model import Plan
from reconcile.render.plan_text import render_plan_text
from reconcile.settings import Policies, ProviderSettings
from tests.plan.plan_world import Records, bonus, head, plan, recorded, settings

TEXTS = (
    ("private_comment", "week 47"),
    ("public_message", (("EN", "You completed 12 tasks."), ("RU", "Спасибо"))),
    ("public_title", (("EN", "Great work!"),)),
)


def shown(made: Plan, **options: object) -> str:
    """The text with the digest cut to its first characters, as nobody writes one by hand."""
    text = render_plan_text(made, **options)  # type: ignore[arg-type]
    return text.replace(made.digest, "sha256:DIGEST")


def text(expected: str) -> str:
    return dedent(expected).lstrip("\n")


def every_kind() -> Plan:
    state = Records(
        recorded("w47/cat", "1.00"), recorded("w47/dan", "1.00"), recorded("w47/eve", in_doubt="1.00"),
        recorded("w47/fay", "3.00"), recorded("w47/gus", "0.30"), recorded("w40/zoe", "1.00"),
    )  # fmt: skip
    campaign = head("w47", budget="20.00")
    return plan(
        bonus("w47/ann/00001092da--61ef", "1.00", campaign=campaign, texts=TEXTS),
        bonus("w47/bob#award", "0.80", campaign=campaign),
        bonus("w47/cat", "1.50", campaign=campaign),
        bonus("w47/dan", "0.80", campaign=campaign, line=9),
        bonus("w47/eve", "1.00", campaign=campaign),
        bonus("w47/gus", "0.30", campaign=campaign),
        state=state,
        config=settings(policies=Policies(allow_top_up=True)),
    )


def test_a_plan_with_a_row_of_every_kind() -> None:
    assert shown(every_kind()) == text("""
        Plan
          toloka: Toloka sandbox, account 566ec2b0ff0deeaae5f9d500629de162

        Campaign w47 on toloka
          + w47/ann/00001092da--61ef  1.00 USD
          + w47/bob#award             0.80 USD
          ~ w47/cat                   1.00 → 1.50 USD: pays 0.50 USD
          ! w47/dan                   1.00 USD issued, 0.80 USD asked for
              1.00 USD was issued, but the spec now asks for 0.80 USD: nothing is taken back from a worker. Ask for 1.00 again.
              specs/w47.yaml:9
          ? w47/eve                   1.00 USD in doubt
              a payment of 1.00 USD is under way and its outcome is not known yet
          - w47/fay                   3.00 USD issued, no longer asked for (nothing will be done)
          1 unchanged, pays 2.30 USD, budget 20.00 USD: 11.40 USD left afterwards

        Texts
          1 payment:
            private_comment: week 47
            public_message EN: You completed 12 tasks.
            public_message RU: Спасибо
            public_title EN: Great work!
          2 payments:
            public_message EN: Thank you!

        Plan: 2 to issue, 1 to top up, 1 unchanged, 1 in conflict, 1 in doubt, 1 orphaned.
        Pays 2.30 USD + 0.46 USD fees = 2.76 USD.
        toloka: 3 requests, 10,000 a day.
        1 bonus is recorded in campaigns that were not loaded; orphans are looked for only in campaigns that are loaded whole.
        Digest sha256:DIGEST

        Next: to pay exactly this:
          bonusctl apply --expect-digest sha256:DIGEST
        """)


def test_a_refused_plan_is_shown_whole_with_every_reason() -> None:
    made = plan(
        bonus("new/ann", "1.00"),
        bonus("new/bob", "2.00"),
        state=Records(recorded("old/ann", "1.00"), recorded("old/bob", "2.00")),
        config=settings(policies=Policies(max_plan_total=Decimal("2.50")), fee_percent=Decimal(0)),
    )
    assert shown(made) == text("""
        Plan
          toloka: Toloka sandbox, account 566ec2b0ff0deeaae5f9d500629de162

        Campaign new on toloka
          + new/ann  1.00 USD
          + new/bob  2.00 USD
          pays 3.00 USD

        Texts
          2 payments:
            public_message EN: Thank you!

        Error: Campaign new would pay again what old has paid
          at specs/new.yaml:2
          2 of its 2 payments, 3.00 USD, equal payments of old by recipient and amount. 2 were made there in all, and no spec holds it any more. A renamed campaign would pay everybody again.
          If it was renamed, say so at the head of the spec:
            formerly: old
          If it is meant that they are paid again, say so in the spec:
            allow: [repeat]

        Error: This plan pays 3.00 USD; max_plan_total allows 2.50 USD
          Pay in parts (`--limit N`, `--target ADDRESS`), or raise max_plan_total in the config.

        Plan: 2 to issue.
        Pays 3.00 USD, no fees.
        toloka: 2 requests, 10,000 a day.
        2 bonuses are recorded in campaigns that were not loaded; orphans are looked for only in campaigns that are loaded whole.
        Refused: nothing of it will be sent while an error stands above.
        Digest sha256:DIGEST

        Next: mend what the errors above say, and plan again.
        """)


def test_a_plan_without_a_state_says_so() -> None:
    made = plan(
        bonus("w47/ann", "1.00", project="vision"), state=None, config=settings(project="vision", fee_percent=None)
    )
    assert shown(made) == text("""
        Plan of project vision
          toloka: Toloka sandbox, account not met yet

        There is no state: every bonus shows as missing, also one that was paid.
        Such a plan is not fit for approval once the account has a history.

        Campaign w47 on toloka
          + w47/ann  1.00 USD
          pays 1.00 USD

        Texts
          1 payment:
            public_message EN: Thank you!

        Plan: 1 to issue.
        Pays 1.00 USD, fees unknown (`fee_percent` is not set).
        toloka: 1 request, 10,000 a day.
        Digest sha256:DIGEST

        Next: to see what was paid already, and then to pay what is missing:
          bonusctl plan --refresh
          bonusctl apply
        """)


def test_a_plan_with_nothing_to_do_is_three_lines() -> None:
    made = plan(bonus("w47/ann", "1.00"), bonus("w47/bob", "1.00"),
                state=Records(recorded("w47/ann", "1.00"), recorded("w47/bob", "1.00")))  # fmt: skip
    assert shown(made) == text("""
        Plan
          toloka: Toloka sandbox, account 566ec2b0ff0deeaae5f9d500629de162

        Nothing to do: all 2 bonuses are issued.
        """)


def test_a_long_plan_is_cut_and_says_by_how_much_and_over_how_many_days_it_runs() -> None:
    state = Records()
    state.sent_today = 50
    made = plan(
        *(bonus(f"w47/a{n}", "1.00") for n in range(300)), state=state, config=settings(daily_request_limit=100)
    )
    assert shown(made, limit_rows=2, saved_as="plan.json") == text("""
        Plan
          toloka: Toloka sandbox, account 566ec2b0ff0deeaae5f9d500629de162

        Campaign w47 on toloka
          + w47/a0  1.00 USD
          + w47/a1  1.00 USD
          … and 298 more rows (--format json lists all)
          pays 300.00 USD

        Texts
          300 payments:
            public_message EN: Thank you!

        Plan: 300 to issue.
        Pays 300.00 USD + 60.00 USD fees = 360.00 USD.
        toloka: 300 requests, 100 a day, 50 sent today already: 4 days; `batch_size: 100` needs 3, and one state as the only writer.
          1970-01-01 to 1970-01-04 (UTC), 2 of them left to other programs: 48 requests on the first day, 56 on the last. An apply each day goes on under the same approval.
        Digest sha256:DIGEST

        Next: to pay exactly this:
          bonusctl apply plan.json
        """)


@pytest.mark.parametrize(
    ("mode", "size", "line"),
    [
        ("async", 1, None),
        (
            "async",
            100,
            "Sent asynchronously in batches of up to 100: this state must be the only one that pays on the account.",
        ),
        ("sync", 1, "Sent synchronously one by one: this state must be the only one that pays on the account."),
        (
            "sync",
            20,
            "Sent synchronously in batches of up to 20: this state must be the only one that pays on the account.",
        ),
    ],
)
def test_a_mode_that_needs_one_writer_says_so(mode: str, size: int, line: str | None) -> None:
    provider = ProviderSettings(name="toloka", type="toloka", environment="sandbox", mode=mode, batch_size=size)
    made = plan(bonus("w47/ann", "1.00"), state=Records(), config=settings(providers=(provider,)))
    lines = [row.strip() for row in shown(made).split("\n") if "must be the only one" in row]
    assert lines == ([] if line is None else [line])


def test_what_needs_a_person_is_not_cut_before_payments_are() -> None:
    state = Records(recorded("w47/zoe", "1.00"))
    made = plan(*(bonus(f"w47/a{n}", "1.00") for n in range(5)), bonus("w47/zoe", "0.50"), state=state)
    assert "! w47/zoe" in shown(made, limit_rows=1)
    assert "… and 5 more rows" in shown(made, limit_rows=1)


def test_two_currencies_are_never_added_up() -> None:
    config = settings(
        providers=(
            ProviderSettings(name="toloka", type="toloka", environment="sandbox", fee_percent=Decimal(20)),
            ProviderSettings(name="tasks", type="toloka", environment="yandex"),
        )
    )
    made = plan(
        bonus("w47/ann", "1.00"),
        bonus("ru/ann", "50.00", campaign=head("ru", provider="tasks")),
        state=Records(),
        config=config,
    )
    lines = shown(made).split("\n")
    assert "Pays 1.00 USD + 0.20 USD fees = 1.20 USD." in lines
    assert "Pays 50.00 RUB, fees unknown (`fee_percent` is not set)." in lines


def test_another_endpoint_stands_out() -> None:
    provider = ProviderSettings(name="toloka", type="toloka", environment="sandbox", endpoint="http://127.0.0.1:8765")
    made = plan(bonus("w47/ann", "1.00"), state=Records(), config=settings(providers=(provider,)))
    assert "    its requests go to http://127.0.0.1:8765, not to Toloka's own address" in shown(made).split("\n")


def test_only_in_doubt_leads_to_a_refresh() -> None:
    made = plan(bonus("w47/ann", "1.00"), state=Records(recorded("w47/ann", in_doubt="1.00")))
    assert shown(made).endswith("Next: ask the provider what became of the payments in doubt:\n  bonusctl refresh\n")


def test_a_limit_says_what_waits() -> None:
    made = plan(bonus("w47/ann", "1.00"), bonus("w47/bob", "1.00"), state=Records(), limit=1)
    assert "1 payment of them is left for later by --limit." in shown(made).split("\n")


def test_there_is_no_escape_without_colour_and_hostile_texts_are_spelled_out() -> None:
    hostile = "a\x1b[2J\u202eevil\n::warning::x"
    made = plan(
        bonus("w47/ann", "1.00", texts=(("private_comment", hostile), ("public_title", ((hostile, hostile),)))),
        state=Records(),
    )
    told = shown(made)
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "\n::warning" not in told


def test_colour_adds_escapes_and_nothing_else() -> None:
    import re

    made = every_kind()
    coloured = shown(made, color=True)
    assert "\x1b[32m+ w47/ann" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == shown(made)
