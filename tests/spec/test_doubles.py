"""Identities that stand twice are noticed however many they are, and wherever the two stand."""

from hashlib import sha256

import pytest

from reconcile.spec import doubles
from reconcile.spec.doubles import Doubles


def ids(count: int) -> list[bytes]:
    return [sha256(str(number).encode()).digest()[:16] for number in range(count)]


@pytest.mark.parametrize("small", [0, 1_600_000])
@pytest.mark.parametrize("again", [0, 7, 99])
def test_an_id_that_comes_again_is_found_in_one_block_and_across_blocks(
    monkeypatch: pytest.MonkeyPatch, small: int, again: int
) -> None:
    monkeypatch.setattr(doubles, "_SMALL", small)
    met = Doubles()
    met.meet_all(ids(100))
    assert not met.found
    met.meet_all([ids(100)[again]])
    assert met.found


@pytest.mark.parametrize("small", [0, 1_600_000])
def test_without_any_bonus_nothing_stands_twice(monkeypatch: pytest.MonkeyPatch, small: int) -> None:
    monkeypatch.setattr(doubles, "_SMALL", small)
    assert not Doubles().found
