"""Sentences of a run lose whom they name: known ids, what has the form of one, and the ids that are made from them."""

import pytest

from reconcile.render.mask import Masker
from reconcile.render.mask_report import mask_sentence

MASKER = Masker(b"k" * 16)


def masked(text: str, *ids: str) -> str:
    return mask_sentence(text, MASKER, ids)


def test_a_known_id_is_masked_whatever_its_form() -> None:
    assert masked("no worker ann", "ann") == f"no worker {MASKER.text('ann')}"


@pytest.mark.parametrize(
    "stranger",
    [
        "fac97860c7929add8048ed2ef63b66fd",
        "00001092da--61ef030400c684132d0da0de",
        "A2X4YB6J0QWERT",
        "3ANN7XRDS4IC1EZQ2W9B5V8TH6KJP0",
    ],
)
def test_a_stranger_is_known_by_the_form_of_the_id_and_has_the_mask_of_it(stranger: str) -> None:
    assert masked(f"not for ({stranger}).") == f"not for ({MASKER.text(stranger)})."


@pytest.mark.parametrize(
    "plain",
    [
        "ACCESS_DENIED: AUTHENTICATION failed, HTTP 500 on 2026-11-22T10:00:00.000Z",
        "today's 10,000 bonus requests are used up",
        "no answer (request fac97860c7929add8048ed2ef63b66fd)",
        "no answer (request 6dd303c5-a671-57d6-b149-274d46b6b2f9)",
        f"digest sha256:{'ab' * 32}",
        "1000003 and 1000004 (1.00 USD)",
    ],
)
def test_codes_figures_digests_and_names_of_requests_stay(plain: str) -> None:
    assert masked(plain) == plain


def test_an_id_of_a_payment_is_another_one_of_the_same_form() -> None:
    """Whoever guesses the worker could compute it."""
    shown = masked("payment 6dd303c5-a671-57d6-b149-274d46b6b2f9 stands twice")
    assert "6dd303c5" not in shown
    assert shown.startswith("payment ")
    assert len(shown) == len("payment 6dd303c5-a671-57d6-b149-274d46b6b2f9 stands twice")
