"""How the comparison counts: the ledger against what was asked, and against what was said."""

import pytest

from benchmarks.peers.counting import Count, count
from benchmarks.peers.stories import STORIES, Bonus, bonuses, story, victims
from benchmarks.peers.tables import BEGIN, END, Record, from_json, insert, to_json

ROWS = [Bonus("a", "1"), Bonus("b", "2"), Bonus("c", "3")]


def counted(paid: list[tuple[str, str]], said: dict[str, str]) -> Count:
    return count(ROWS, paid, said, exits="0", sends=3, requests=4)


def test_paid_once_twice_and_never_are_told_apart_with_the_money_beyond_what_was_asked() -> None:
    one = counted([("a", "1.00"), ("b", "1.00"), ("b", "1.00"), ("b", "1.00")], {})
    assert (one.once, one.twice, one.never, one.too_much) == (1, 1, 1, "2.00")


@pytest.mark.parametrize(
    ("word", "times", "wrong", "unsaid"),
    [
        ("paid", 1, 0, 0),
        ("paid", 0, 1, 0),
        ("paid", 2, 1, 0),
        ("failed", 0, 0, 0),
        ("failed", 1, 1, 0),
        ("unknown", 0, 0, 1),
        ("unknown", 1, 0, 1),
    ],
)
def test_a_word_is_wrong_if_the_ledger_says_otherwise_and_doubt_never_is(
    word: str, times: int, wrong: int, unsaid: int
) -> None:
    one = counted([("a", "1.00")] * times, {"a": word, "b": "failed", "c": "failed"})
    assert (one.wrong, one.unsaid) == (wrong, unsaid)


def test_who_is_not_spoken_of_counts_as_not_said() -> None:
    assert counted([("a", "1.00")], {"a": "paid"}).unsaid == 2


def test_a_payment_to_somebody_who_was_not_asked_for_is_no_count_but_an_error() -> None:
    with pytest.raises(KeyError):
        counted([("stranger", "1.00")], {})


def test_a_seed_decides_whom_the_faults_strike() -> None:
    workers = ["w1", "w2", "w3", "w4", "w5", "w6"]
    assert [victims(seed, workers) for seed in (1, 1, 2)] == [["w2", "w3"], ["w2", "w3"], ["w2", "w6"]]


def test_the_first_bonus_is_never_struck() -> None:
    assert all("w1" not in victims(seed, ["w1", "w2", "w3", "w4"]) for seed in range(50))


def test_the_one_who_cannot_be_paid_takes_a_victims_place() -> None:
    rejected = bonuses(story("rejected"), "mturk", 1)
    assert [bonus.assignment_id for bonus in rejected] == ["3A1", "MISSING1", "3A3", "3A4", "3A5", "3A6"]


def test_stories_have_keys_of_their_own() -> None:
    assert len({one.key for one in STORIES}) == len(STORIES)


def test_a_record_is_read_as_it_was_written() -> None:
    record = Record("then", 7, {("quiet", "ours-toloka"): counted([("a", "1.00")], {})})
    assert from_json(to_json(record)) == record


def test_only_what_stands_between_the_markers_is_written_anew() -> None:
    assert insert(f"head\n{BEGIN}\nold\n{END}\ntail\n", "new") == f"head\n{BEGIN}\n\nnew\n{END}\ntail\n"
