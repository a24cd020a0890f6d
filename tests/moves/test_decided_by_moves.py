"""The move that a story leaves to chance, told on purpose: no answer comes, and a person decides by the provider's list."""

from decimal import Decimal

import pytest

from tests.moves.story import SEEN
from tests.moves.test_moves import Moves


@pytest.mark.parametrize(("lost", "holds"), [("hang", 4), ("late", 4), ("cut_before", 3)])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_person_decides_what_no_answer_told_and_nobody_is_paid_twice_for_it(
    lost: str, holds: int, batch: int
) -> None:
    """Three are paid, a fourth is sent into silence. `hang` and `late` were carried out, `cut_before` was not: the person
    says so, each payment of the provider's stands once, and the runs after that pay what is still missing.
    """
    story, before = Moves(), SEEN["decided by a person"]
    story.begin(top_up=False, batch=batch, paid=True)
    story.add_or_edit(0, "w4", "", Decimal("1.00"))
    story.resolve_what_is_in_doubt(0, lost)
    assert SEEN["decided by a person"] == before + 1
    assert story.desks[0].open() == []
    assert len(story.place.rows()) == holds
    story.the_page_holds()
    # Four quiet runs: everybody holds what is asked for, or is named with the reason.
    story.teardown()
