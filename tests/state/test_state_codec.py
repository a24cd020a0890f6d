"""Events are written one way, and only that way is read."""

from dataclasses import replace
from decimal import Decimal
from itertools import chain

import pytest

from reconcile.errors import EventRefused, StateCorrupt
from reconcile.state.codec import decode, encode
from reconcile.state.events import (
    EVENTS,
    AlarmRaised,
    BalanceRead,
    GateOpened,
    OperationsPrepared,
    RunEnded,
    StateCreated,
)
from tests.state.histories import (
    ANN,
    START_MS,
    adopted,
    adopted_payment,
    bound,
    everything,
    prepared,
    run_ended,
    run_started,
)

GATE = '{"at_ms":"2026-11-22T10:00:00.000Z","ledger":1,"reason":"settled"}'


def test_an_event_is_canonical_json_with_times_and_amounts_as_people_write_them() -> None:
    event = replace(run_ended(), at_ms=1_795_341_600_000)
    assert encode(event)[1] == (
        '{"adopted":2,"at_ms":"2026-11-22T10:00:00.000Z","in_doubt":4,"issued":1,"not_sent":5,"outcome":"done",'
        '"paid":[["RUB","5.00"],["USD","1.50"]],"plan_digest":"sha256:ab","rejected":3,"run_id":"run-1"}'
    )


def test_ids_are_uuid_texts_and_hashes_are_hex() -> None:
    body = encode(prepared(1, ANN))[1]
    assert '"entry":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"' in body
    assert f'"payment_id":"{_dashed(prepared(1, ANN).operations[0].payments[0].payment_id.hex())}"' in body


def _dashed(text: str) -> str:
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def test_every_kind_of_event_is_read_back_as_it_was() -> None:
    balance = BalanceRead(ledger=1, balance=Decimal("99.50"), at_ms=START_MS)
    first = StateCreated(lineage="l", at_ms=START_MS)
    events = [first, run_started(), bound(), balance, *chain.from_iterable(everything())]
    assert {type(event) for event in events} == set(EVENTS)
    for event in events:
        assert decode(event.kind, encode(event)[1], sequence=1) == event


def test_an_adopted_payments_texts_are_read_back_as_tuples() -> None:
    event = adopted(adopted_payment(ANN, known=False))
    read = decode(event.kind, encode(event)[1], sequence=1)
    assert read == event


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{", "not the JSON"),
        ("[]", "not the fields"),
        ('{"at_ms":"2026-11-22T10:00:00.000Z","ledger":1}', "not the fields"),
        ('{"at_ms":"2026-11-22T10:00:00.000Z","ledger":1,"reson":"x"}', "no field reason"),
        ('{"at_ms":"2026-11-22T10:00:00.000Z","ledger":true,"reason":"x"}', ".ledger: not a whole number"),
        ('{"at_ms":"2026-11-22T10:00:00.000Z","ledger":1.0,"reason":"x"}', "no event holds"),
        ('{"at_ms":"2026-11-22T10:00:00.000Z","ledger":NaN,"reason":"x"}', "no event holds"),
        ('{"at_ms":"2026-11-22T10:00:00.000Z","ledger":9223372036854775808,"reason":"x"}', "64 bits"),
        ('{"at_ms":"2026-11-22 10:00:00.000","ledger":1,"reason":"x"}', ".at_ms: not a time"),
        ('{"at_ms":"2026-11-22T10:00:00.000Z","ledger":1,"reason":null}', ".reason: not a text"),
    ],
)
def test_what_was_not_written_by_us_is_refused_with_its_place(body: str, says: str) -> None:
    with pytest.raises(StateCorrupt, match="Event 12 of the state cannot be read") as caught:
        decode("gate_opened", body, sequence=12)
    assert says in caught.value.summary


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(StateCorrupt, match="unknown kind 'gate_opend'"):
        decode("gate_opend", GATE, sequence=12)


@pytest.mark.parametrize("amount", ["1.5", "1.500", "-1.50", "1e2", "", "1,50", "1.50 "])
def test_an_amount_is_read_in_its_one_form_only(amount: str) -> None:
    body = encode(run_ended())[1].replace('"1.50"', f'"{amount}"')
    with pytest.raises(StateCorrupt, match="not an amount"):
        decode("run_ended", body, sequence=1)


@pytest.mark.parametrize(("written", "altered"), [("000102", "00010G"), ("000102", "0001"), ("1a1b1c", "1A1B1C")])
def test_a_hash_is_read_in_its_one_form_only(written: str, altered: str) -> None:
    body = encode(prepared(1, ANN))[1].replace(written, altered)
    with pytest.raises(StateCorrupt, match="neither an id nor a hash"):
        decode("operations_prepared", body, sequence=1)


def test_a_place_deep_inside_an_event_is_named() -> None:
    body = encode(prepared(1, ANN))[1].replace('"sequence":1', '"sequence":"1"')
    with pytest.raises(
        StateCorrupt, match=r"operations_prepared\.operations\[0\]\.payments\[0\]\.sequence: not a whole"
    ):
        decode("operations_prepared", body, sequence=1)


@pytest.mark.parametrize(
    "event",
    [
        GateOpened(ledger=2**63, reason="x", at_ms=START_MS),
        GateOpened(ledger=1, reason="x", at_ms=-1),
        GateOpened(ledger=1, reason="x", at_ms=10**15),
        replace(run_ended(), paid=(("USD", Decimal("-1.00")),)),
        replace(run_ended(), paid=(("USD", Decimal("1000000000000.00")),)),
    ],
)
def test_what_could_not_be_read_back_is_not_written(event: GateOpened | RunEnded) -> None:
    with pytest.raises(EventRefused, match="cannot be written"):
        encode(event)


def test_a_providers_broken_text_does_not_stop_the_record() -> None:
    """A lone surrogate in a message cannot be stored; what the message proves must be."""
    event = AlarmRaised(ledger=1, code="c", detail="bad \ud800 text", at_ms=START_MS)
    read_back, body = encode(event)
    assert read_back == AlarmRaised(ledger=1, code="c", detail="bad ? text", at_ms=START_MS)
    assert decode(event.kind, body, sequence=1) == read_back


def test_an_operations_frozen_text_is_never_mended() -> None:
    """Other bytes under the same id could pay something else."""
    operation = replace(prepared(1, ANN).operations[0], body="\ud800")
    with pytest.raises(EventRefused, match="no Unicode"):
        encode(OperationsPrepared(ledger=1, operations=(operation,), at_ms=START_MS))
