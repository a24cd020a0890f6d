"""`import` through the real command: payments by hand, from a file and from the provider's list."""

import json
import urllib.request

import pytest

from tests.support.cli import on_terminal
from tests.support.commandline import Ended
from tests.support.paying import Paying

YES = "--auto-approve"


def pay_by_hand(paying: Paying, recipient: str, amount: str, **more: str) -> str:
    """Somebody pays in Toloka's own page; the id of the payment."""
    bonus = {"user_id": recipient, "amount": json.loads(amount), "private_comment": "by hand", **more}
    request = urllib.request.Request(
        f"{paying.emulator.api}/user-bonuses",
        data=json.dumps(bonus).encode(),
        headers={"Content-Type": "application/json", "Authorization": "OAuth token"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return str(json.load(answer)["id"])


def write(paying: Paying, text: str, name: str = "old.csv") -> str:
    (paying.folder / name).write_text(text)
    return name


def from_provider(paying: Paying, *more: str, code: int = 0) -> Ended:
    return paying.expect(code, "import", "--from-provider", "--since", "2026-01-01", YES, *more)


# --- from the provider ---------------------------------------------------------------------------------------------


def test_payments_by_hand_are_taken_over_and_not_paid_again(paying: Paying) -> None:
    first = pay_by_hand(paying, "w1", "1.00")
    pay_by_hand(paying, "w2", "2.00", assignment_id="a2")
    paying.ask("user_id: w1, amount: 1.00", "user_id: w2, assignment_id: a2, amount: 2.00", "user_id: w3, amount: 3.00")
    done = from_provider(paying, "--format", "json").json()
    assert done["summary"] == {
        "matched": 2, "ambiguous": 0, "unmatched": 0, "already": 0, "ours": 0, "total": "3.00",
    }  # fmt: skip
    assert (done["matched"][0]["address"], done["matched"][0]["remote_id"]) == ("c/w1", first)
    applied = paying.expect(0, "apply", YES, "--format", "json").json()
    assert (applied["summary"]["issued"], applied["summary"]["unchanged"]) == (1, 2)
    assert [name for name, _ in paying.paid()] == ["w1", "w2", "w3"]
    paying.expect(0, "state", "verify")
    shown = paying.expect(0, "state", "show", "c/w1").out
    assert f"remote id     {first}" in shown
    assert "taken over    imported: the provider's list" in shown
    runs = paying.run("history", "--format", "json").json()["runs"]
    assert [(run["command"], run["actor"], run["adopted"]) for run in runs][1] == ("import", "ann", 2)
    # The runs add up to what was paid: 3.00 by hand, 3.00 by the apply.
    assert [(run["paid"], run["adopted_money"]) for run in runs] == [
        ([{"currency": "USD", "amount": "3.00"}], []),
        ([], [{"currency": "USD", "amount": "3.00"}]),
    ]


def test_a_second_import_takes_nothing_over_twice(paying: Paying) -> None:
    """Also where another campaign asks for the same of the same worker."""
    pay_by_hand(paying, "w1", "1.00")
    paying.ask("user_id: w1, amount: 1.00")
    from_provider(paying)
    paying.spec("d", "version: 1\ncampaign: d\nprovider: toloka\nbonuses:\n  - {user_id: w1, amount: 1.00}\n")
    done = from_provider(paying, "--format", "json").json()
    assert (done["summary"]["matched"], done["summary"]["already"], done["recorded"]) == (0, 1, 0)


def test_payments_with_our_marker_are_left_to_the_scan(paying: Paying) -> None:
    paying.ask("user_id: w1, amount: 1.00")
    paying.expect(0, "apply", YES)
    for path in (paying.folder / "state").glob("bonusctl.db*"):
        path.unlink()
    done = from_provider(paying, "--format", "json").json()
    assert (done["summary"]["ours"], done["summary"]["matched"], done["adopted"]) == (1, 0, 1)
    paying.expect(0, "plan", "--detailed-exitcode")


def test_what_matches_nothing_or_too_much_is_listed_and_left_alone(paying: Paying) -> None:
    pay_by_hand(paying, "w1", "1.00")
    pay_by_hand(paying, "w9", "9.00")
    paying.ask("user_id: w1, key: speed, amount: 1.00", "user_id: w1, key: quality, amount: 1.00")
    out = from_provider(paying).out
    assert "Ambiguous: fewer payments than bonuses that they fit" in out
    assert "c/w1#speed, c/w1#quality" in out
    assert "9.00 USD to w9: the specs ask for nothing more for this recipient" in out
    assert "Payments: 0 matched, 1 ambiguous, 1 unmatched." in out
    assert paying.run("state", "list", "--format", "json").json()["bonuses"][0]["status"] == "planned"


def test_only_payments_since_the_date_are_read(paying: Paying) -> None:
    pay_by_hand(paying, "w1", "1.00")
    paying.ask("user_id: w1, amount: 1.00")
    done = paying.expect(0, "import", "--from-provider", "--since", "2099-01-01", YES, "--format", "json").json()
    assert sum(done["summary"][key] for key in ("matched", "unmatched", "already")) == 0


def test_a_first_payment_after_an_import_is_still_read_back_for_its_marker(paying: Paying) -> None:
    """What was imported has no marker, and that is no reason to stop."""
    pay_by_hand(paying, "w1", "1.00")
    paying.ask("user_id: w1, amount: 1.00", "user_id: w2, amount: 1.00")
    from_provider(paying)
    paying.expect(0, "apply", YES)
    assert [name for name, _ in paying.paid()] == ["w1", "w2"]


def test_an_imported_bonus_is_topped_up_under_the_second_sequence(paying: Paying) -> None:
    pay_by_hand(paying, "w1", "1.00")
    paying.ask("user_id: w1, amount: 1.00")
    from_provider(paying)
    config = (paying.folder / "bonusctl.yaml").read_text()
    (paying.folder / "bonusctl.yaml").write_text(f"{config}policies: {{allow_top_up: true}}\n")
    paying.ask("user_id: w1, amount: 1.75")
    paying.expect(0, "apply", YES)
    (bonus,) = paying.run("state", "list", "--format", "json").json()["bonuses"]
    assert [(one["sequence"], one["amount"]) for one in bonus["payments"]] == [(1, "1.00"), (2, "0.75")]


# --- from a file ---------------------------------------------------------------------------------------------------


def test_a_file_is_taken_over_with_columns_of_other_names(paying: Paying) -> None:
    name = write(paying, "worker,usd,when\nw1,1.00,2026-10-01\nw2,2.50,2026-10-02\n")
    paying.ask("user_id: w1, amount: 1.00", "user_id: w2, amount: 2.50")
    done = paying.expect(0, "import", name, "--fields", "user_id=worker,amount=usd", "--fields", "created=when", YES)
    assert "Payments: 2 matched (3.50 USD)." in done.out
    assert "old.csv:2" in done.out
    paying.expect(0, "plan", "--detailed-exitcode")
    assert paying.paid() == []


def test_the_same_file_again_takes_nothing_over(paying: Paying) -> None:
    name = write(paying, "user_id,amount\nw1,1.00\n")
    paying.ask("user_id: w1, amount: 1.00")
    paying.expect(0, "import", name, YES)
    paying.spec("d", "version: 1\ncampaign: d\nprovider: toloka\nbonuses:\n  - {user_id: w1, amount: 1.00}\n")
    done = paying.expect(0, "import", name, YES, "--format", "json").json()
    assert (done["summary"]["matched"], done["summary"]["already"]) == (0, 1)


def test_the_providers_list_knows_what_a_file_named_without_ids(paying: Paying) -> None:
    pay_by_hand(paying, "w1", "1.00")
    name = write(paying, "user_id,amount\nw1,1.00\n")
    paying.ask("user_id: w1, amount: 1.00")
    paying.expect(0, "import", name, YES)
    paying.spec("d", "version: 1\ncampaign: d\nprovider: toloka\nbonuses:\n  - {user_id: w1, amount: 1.00}\n")
    assert from_provider(paying, "--format", "json").json()["summary"]["already"] == 1


def test_a_file_needs_no_network_once_the_account_is_known(paying: Paying) -> None:
    paying.ask("user_id: w1, amount: 1.00")
    paying.expect(0, "refresh")
    paying.emulator.stop()
    name = write(paying, "user_id,amount\nw1,1.00\n")
    paying.expect(0, "import", name, YES)
    paying.expect(0, "plan", "--detailed-exitcode")


def test_one_campaign_can_be_chosen_where_two_ask_for_the_same(paying: Paying) -> None:
    paying.ask("user_id: w1, amount: 1.00")
    paying.spec("d", "version: 1\ncampaign: d\nprovider: toloka\nbonuses:\n  - {user_id: w1, amount: 1.00}\n")
    name = write(paying, "user_id,amount\nw1,1.00\n")
    assert "1 ambiguous" in paying.expect(0, "import", name, YES).out
    done = paying.expect(0, "import", name, "--campaign", "d", YES, "--format", "json").json()
    assert [one["address"] for one in done["matched"]] == ["d/w1"]


def test_every_row_that_does_not_fit_is_named_and_nothing_is_imported(paying: Paying) -> None:
    paying.ask("user_id: w1, amount: 1.00")
    name = write(paying, "user_id,amount,created\nw1,1.00,\n,1.00,\nw2,-1,\nw3,1.00,soon\nw/4,1.00,\n")
    ended = paying.expect(1, "import", name, YES)
    for line in ("old.csv:3", "old.csv:4", "old.csv:5", "old.csv:6"):
        assert line in ended.err
    assert not (paying.folder / "state" / "bonusctl.db").exists()


def test_a_row_with_a_cell_too_many_is_refused_as_in_a_spec(paying: Paying) -> None:
    """A comma in place of the point makes two cells of 1,25: whole payments must not be recorded as smaller ones."""
    paying.ask("user_id: w1, amount: 1.00", "user_id: w2, amount: 1.00")
    name = write(paying, "user_id,amount\nw2,1.00\nw1,1,25\n")
    ended = paying.expect(1, "import", name, YES)
    assert (
        "old.csv:3:6: error: The row has 3 cells, the header has 2\n3 | w1,1,25\n  |      ^\n"
        "  It is not clear which cell belongs to which column.\n"
        '  help: Put a cell that holds the separator in "quotes".\n'
    ) in ended.err
    assert "old.csv has errors; nothing was imported." in ended.err
    assert not (paying.folder / "state" / "bonusctl.db").exists()


def test_a_row_with_a_cell_too_few_is_refused(paying: Paying) -> None:
    paying.ask("user_id: w1, amount: 1.00")
    name = write(paying, "user_id,amount,created\nw1,1.00\n")
    ended = paying.expect(1, "import", name, YES)
    assert "old.csv:2:1: error: The row has 2 cells, the header has 3" in ended.err


def test_a_wrong_cell_is_shown_under_the_name_of_its_column(paying: Paying) -> None:
    paying.ask("user_id: w1, amount: 1.00")
    name = write(paying, "worker,usd\nw1,1.00\n,1.00\nw2,$1\n")
    ended = paying.expect(1, "import", name, "--fields", "user_id=worker,amount=usd", YES)
    assert "old.csv:3:1: error: `worker` is empty\n3 | ,1.00\n  | ^\n" in ended.err
    assert "old.csv:4:4: error: `usd`: an amount with a currency sign\n4 | w2,$1\n  |    ^\n" in ended.err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("worker,amount\nw1,1.00\n", "has no column user_id"),
        ("user_id,usd\nw1,1.00\n", "has no column amount"),
        ("user_id,amount,amount\nw1,1.00,1.00\n", "old.csv:1:16: error: Two columns are called `amount`"),
        ("", "old.csv:1: error: The data file has no header"),
    ],
)
def test_a_file_without_the_columns_is_refused(paying: Paying, text: str, sentence: str) -> None:
    paying.ask("user_id: w1, amount: 1.00")
    assert sentence in paying.expect(1, "import", write(paying, text), YES).err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Name a FILE, or say --from-provider"),
        (("old.csv", "--from-provider"), "Name a FILE, or say --from-provider"),
        (("--from-provider",), "--from-provider needs --since DATE"),
        (("--from-provider", "--since", "soon"), "--since soon: no time"),
        (("old.csv", "--since", "2026-01-01"), "--since goes with --from-provider"),
        (("--from-provider", "--since", "2026-01-01", "--fields", "a=b"), "--fields goes with a FILE"),
        (("old.csv", "--fields", "amount"), "not of the form field=column"),
        (("old.csv", "--fields", "sum=amount"), "there is no field sum"),
        (("old.csv", "--fields", "amount=usd"), "has no column usd"),
        (("nowhere.csv",), "cannot be read"),
        (("old.csv", "--provider", "mturk"), "The config has no provider mturk"),
    ],
)
def test_wrong_usage_says_what_is_wrong(paying: Paying, arguments: tuple[str, ...], sentence: str) -> None:
    paying.ask("user_id: w1, amount: 1.00")
    write(paying, "user_id,amount\nw1,1.00\n")
    assert sentence in paying.expect(1, "import", *arguments, YES).err


def test_without_a_terminal_nothing_is_imported(paying: Paying) -> None:
    paying.ask("user_id: w1, amount: 1.00")
    name = write(paying, "user_id,amount\nw1,1.00\n")
    assert "no terminal" in paying.expect(1, "import", name).err


def test_a_full_refresh_looks_for_an_imported_payment_too(paying: Paying) -> None:
    pay_by_hand(paying, "w1", "1.00")
    paying.ask("user_id: w1, amount: 1.00")
    from_provider(paying)
    paying.emulator.advance(3_600_000)
    paying.expect(0, "refresh", "--full")
    paying.emulator.stop()
    _forget_payments(paying)
    paying.emulator.start()
    ended = paying.expect(3, "refresh", "--full", "--format", "json").json()
    assert [(one["address"], one["amount"], one["listed_amount"]) for one in ended["missing"]] == [
        ("c/w1", "1.00", None)
    ]


def _forget_payments(paying: Paying) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(paying.emulator.db, isolation_level=None)) as connection:
        connection.execute("DELETE FROM bonuses")


def test_the_question_shows_what_was_matched_and_no_takes_nothing_over(paying: Paying) -> None:
    paying.ask("user_id: w1, amount: 1.00")
    name = write(paying, "user_id,amount\nw1,1.00\n")
    for answer, code, status in (("n\n", 130, "planned"), ("y\n", 0, "issued")):
        ended, screen = on_terminal(
            paying.folder, ["import", name], [("[y/N]", answer)], environ={"TOLOKA_TOKEN": "token"}
        )
        shown, _, _ = screen.partition("Take 1 payment over, as issued?")
        assert "c/w1" in shown
        assert ended == code
        assert paying.run("state", "list", "--format", "json").json()["bonuses"][0]["status"] == status
