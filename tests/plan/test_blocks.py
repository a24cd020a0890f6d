"""Bonuses that come in blocks, as rows of data files do, are planned as they are one by one."""

from collections.abc import Sequence
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from reconcile.model import Block, Desired, fingerprint
from reconcile.plan.books import load_book
from reconcile.plan.model import Plan
from tests.plan.plan_world import D, Records, bonus, codes, head, plan, recorded, rows

HEADS = {name: head(name) for name in ("w47", "w48")}
_KNOWN = st.sampled_from(["", "1.00", "0.50", "2 payments", "in doubt", "rejected", "released"])
_CASE = st.tuples(st.sampled_from(["w47", "w48"]), _KNOWN, st.sampled_from(["", "1.00", "1.50"]), st.booleans())


def in_blocks(desired: Sequence[Desired], sizes: Sequence[int]) -> list[Desired | Block]:
    """The same in blocks of these sizes, each of one campaign; 1: as it is."""
    found: list[Desired | Block] = []
    for campaign, group in groupby(desired, key=lambda one: one.campaign):
        rest = list(group)
        while rest:
            size = sizes[len(found) % len(sizes)]
            part, rest = rest[:size], rest[size:]
            ids = [one.bonus_id for one in part]
            prints = [fingerprint(one.bonus_id, one.amount) for one in part]
            found += part if size == 1 else [Block(ids, campaign, prints, part.__getitem__)]
    return found


def essence(made: Plan) -> tuple[object, ...]:
    doubts = [(row.identity, row.amount, row.why) for row in made.in_doubt]
    return (
        rows(made), made.digest, made.unchanged, made.campaigns, doubts, codes(made), made.carried, made.orphans_elsewhere
    )  # fmt: skip


def state_of(cases: Sequence[tuple[str, str, str, bool]]) -> Records:
    known = []
    for number, (name, kind, _, _) in enumerate(cases):
        address = f"{name}/r{number}"
        match kind:
            case "":
                continue
            case "2 payments":
                known.append(recorded(address, "1.00", count=2))
            case "in doubt":
                known.append(recorded(address, in_doubt="1.00"))
            case "rejected":
                known.append(recorded(address, attempt=2, rejected=True))
            case "released":
                known.append(recorded(address, "1.00", attempt=2))
            case amount:
                known.append(recorded(address, amount))
    return Records(*known)


@given(st.lists(_CASE, max_size=14), st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_blocks_make_the_plan_that_their_bonuses_make(
    cases: list[tuple[str, str, str, bool]], sizes: list[int]
) -> None:
    """Whatever is known of them: missing, settled, topped up, in doubt, in conflict, orphaned, with one that has a former name
    in between.
    """
    desired = [
        bonus(f"{name}/r{number}", amount, campaign=HEADS[name], formerly=f"w46/r{number}" if formerly else "")
        for number, (name, _, amount, formerly) in enumerate(cases)
        if amount
    ]
    blocks = in_blocks([one for one in desired if one.formerly is None], sizes)
    alone: list[Desired | Block] = [one for one in desired if one.formerly is not None]
    singles = [one for part in blocks for one in (part.bonuses() if isinstance(part, Block) else [part])]
    assert essence(plan(*alone, *blocks, state=state_of(cases))) == essence(
        plan(*alone, *singles, state=state_of(cases))
    )


def test_a_target_in_a_block_is_planned_alone() -> None:
    """What stands beside it is passed by, and is no orphan."""
    desired = [bonus(f"w47/r{number}", "1.00", campaign=HEADS["w47"]) for number in range(4)]
    made = plan(*in_blocks(desired, [4]), state=Records(recorded("w47/r1", "1.00")), targets=("w47/r2",))
    assert rows(made) == [("issue", "w47/r2", "1.00", "0.00")]


def test_a_block_uses_up_its_book_whole_or_not_at_all() -> None:
    """One wrong amount: nothing is used up by the block, and each bonus finds what was issued for it."""
    state = Records(recorded("w47/r1", "1.00"), recorded("w47/r2", "2.00"), recorded("w47/r3", "3.00"))
    book = load_book(state, 1, "w47", "")
    ids = [bonus(f"w47/r{number}", "1.00").bonus_id for number in (1, 2, 3)]
    assert not book.use([fingerprint(ids[0], D("1.00")), fingerprint(ids[1], D("2.01"))])
    assert book.use([fingerprint(ids[0], D("1.00"))])
    assert book.left_count() == 2
    assert book.take(ids[0]) is None
    held = book.take(ids[1])
    assert held is not None
    assert held.issued == D("2.00")
    assert not book.use([fingerprint(ids[2], D("3.00"))])
    assert book.left_count() == 1
