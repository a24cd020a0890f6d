"""The end of an apply on a job's page."""

from reconcile.errors import Refused
from reconcile.render.summary import refusal_summary


def test_a_refusal_says_what_why_and_what_next_and_none_of_it_is_markup() -> None:
    error = Refused("No @everyone", detail="[a](https://b) ```", remedy="bonusctl plan", reason="policy")
    assert refusal_summary(error) == (
        "## Bonuses: refused\n\n````text\nNo @everyone\n\n[a](https://b) ```\n\nbonusctl plan\n````\n"
    )
