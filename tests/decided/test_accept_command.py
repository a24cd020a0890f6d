"""`state accept` through the real command: what ends with 3, is accepted, and no longer does."""

from tests.support.paying import Paying

REASON = ("--reason", "agreed with the worker", "--auto-approve")


def test_an_accepted_conflict_no_longer_ends_with_3_and_is_shown_with_who_and_why(paying: Paying) -> None:
    paying.ask("user_id: w1, amount: 2.00", "user_id: w2, amount: 1.00")
    paying.expect(0, "apply", "--auto-approve")
    paying.ask("user_id: w1, amount: 1.00", "user_id: w2, amount: 1.00")
    paying.expect(3, "apply", "--auto-approve")
    recorded = paying.expect(0, "state", "accept", "c/w1", *REASON)
    assert "c/w1 is accepted as it is: 2.00 USD issued, 1.00 USD asked for" in recorded.out
    assert paying.expect(0, "apply", "--auto-approve", "--format", "json").json()["summary"]["accepted"] == 1
    assert "1 accepted as they are" in paying.expect(0, "plan", "--detailed-exitcode").out
    listed = {
        row["address"]: row["accepted"] for row in paying.run("state", "list", "--format", "json").json()["bonuses"]
    }
    assert listed["c/w2"] is None
    assert (listed["c/w1"]["reason"], listed["c/w1"]["actor"]) == ("agreed with the worker", "ann")
    assert "accepted   as it is by ann" in paying.expect(0, "state", "show", "c/w1").out
    assert "1 of them accepted as they are" in paying.expect(0, "status").out
    assert [run["command"] for run in paying.run("history", "--format", "json").json()["runs"]][1] == "state accept"
    paying.expect(0, "state", "verify")


def test_an_accepted_rejection_is_not_tried_again_until_it_is_taken_back(paying: Paying) -> None:
    paying.ask("user_id: unknown-1, amount: 1.00")
    paying.expect(3, "apply", "--auto-approve")
    recorded = paying.expect(0, "state", "accept", "c/unknown-1", *REASON)
    assert "rejected with ENTITY_DOES_NOT_EXIST" in recorded.out
    paying.expect(0, "apply", "--auto-approve")
    paying.expect(0, "state", "accept", "c/unknown-1", "--revoke", *REASON)
    paying.expect(3, "apply", "--auto-approve")


def test_an_edited_spec_ends_an_acceptance(paying: Paying) -> None:
    paying.ask("user_id: w1, amount: 2.00")
    paying.expect(0, "apply", "--auto-approve")
    paying.ask("user_id: w1, amount: 1.00")
    paying.expect(0, "state", "accept", "c/w1", *REASON)
    paying.ask("user_id: w1, amount: 1.50")
    paying.expect(3, "apply", "--auto-approve")


def test_what_is_issued_as_asked_or_only_planned_is_not_for_accepting(paying: Paying) -> None:
    paying.ask("user_id: w1, amount: 1.00")
    paying.expect(0, "apply", "--auto-approve")
    paying.ask("user_id: w1, amount: 1.00", "user_id: w2, amount: 1.00")
    for address in ("c/w1", "c/w2", "c/nobody"):
        assert "There is nothing to accept" in paying.expect(1, "state", "accept", address, *REASON).err
    assert "is not accepted" in paying.expect(1, "state", "accept", "c/w1", "--revoke", *REASON).err


def test_without_a_terminal_or_a_reason_nothing_is_accepted(paying: Paying) -> None:
    paying.ask("user_id: w1, amount: 2.00")
    paying.expect(0, "apply", "--auto-approve")
    paying.ask("user_id: w1, amount: 1.00")
    assert "no terminal" in paying.expect(1, "state", "accept", "c/w1", "--reason", "agreed").err
    assert "--reason is empty" in paying.expect(1, "state", "accept", "c/w1", "--reason", " ").err
    paying.expect(3, "apply", "--auto-approve")


def test_an_exported_acceptance_holds_in_the_imported_state(paying: Paying) -> None:
    paying.ask("user_id: w1, amount: 2.00")
    paying.expect(0, "apply", "--auto-approve")
    paying.ask("user_id: w1, amount: 1.00")
    paying.expect(0, "state", "accept", "c/w1", *REASON)
    (paying.folder / "state.jsonl").write_text(paying.expect(0, "state", "export").out)
    for path in (paying.folder / "state").glob("bonusctl.db*"):
        path.unlink()
    paying.expect(0, "state", "import", "state.jsonl")
    paying.expect(0, "plan", "--detailed-exitcode")
