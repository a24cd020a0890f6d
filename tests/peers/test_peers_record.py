"""The recorded comparison: the page shows the record, and a share of it is played again."""

import json
import sys

import pytest

from benchmarks.peers.__main__ import PAGE, RECORD
from benchmarks.peers.contenders import CONTENDERS, Pythons, contender
from benchmarks.peers.counting import Count
from benchmarks.peers.playing import play
from benchmarks.peers.stories import STORIES, story
from benchmarks.peers.tables import Record, from_json, insert, render

HERE = Pythons(sys.executable, "")


@pytest.fixture(scope="module")
def record() -> Record:
    return from_json(json.loads(RECORD.read_text()))


def told(one: Count) -> Count:
    """Without the number of all requests: how often an operation is looked at depends on how fast the machine is."""
    return one._replace(requests=0)


def test_the_page_shows_the_record(record: Record) -> None:
    page = PAGE.read_text()
    assert insert(page, render(record)) == page


def test_every_story_was_played_with_everybody_it_concerns(record: Record) -> None:
    meant = {(one.key, who.key) for one in STORIES for who in CONTENDERS if who.platform in one.platforms}
    assert set(record.counts) == meant


@pytest.mark.parametrize(
    ("key", "who"),
    [
        ("lost-answer", "ours-toloka"),
        ("killed-sending", "ours-toloka"),
        ("proxy", "ours-mturk"),
        ("file-lost", "ours-mturk"),
    ],
)
def test_a_recorded_row_of_bonusctl_comes_out_again(key: str, who: str, record: Record) -> None:
    assert told(play(story(key), contender(who), HERE, record.seed)) == told(record.counts[key, who])


def test_a_recorded_row_of_boto3_comes_out_again(record: Record) -> None:
    """A loop without a token pays twice whoever's answer was lost: boto3 sends it again by itself."""
    again = play(story("lost-answer"), contender("boto-loop"), HERE, record.seed)
    assert (again.twice, again.too_much, again.wrong) == (2, "2.00", 2)
    assert told(again) == told(record.counts["lost-answer", "boto-loop"])


def test_a_story_comes_out_the_same_twice_under_one_seed() -> None:
    first, second = (told(play(story("garbled"), contender("ours-toloka"), HERE, 5)) for _ in range(2))
    assert first == second


def test_bonusctl_paid_nobody_twice_and_said_nothing_untrue_in_any_recorded_story(record: Record) -> None:
    ours = [one for (_, who), one in record.counts.items() if who.startswith("ours-")]
    assert {(one.twice, one.too_much, one.wrong) for one in ours} == {(0, "0.00", 0)}
