"""Faults as values: their text, their JSON, and when they strike. No server here."""

import json
from pathlib import Path

import pytest

from reconcile.emulator.fault import Fault
from reconcile.emulator.faults import FaultBook, FaultError, parse_fault, read_faults
from reconcile.emulator.options import OptionError, Options, option_arguments, parse_options
from reconcile.emulator.orders import Delivery, Execute, Kind

NOBODY: frozenset[str] = frozenset()


def test_a_fault_is_read_from_text() -> None:
    assert parse_fault("cut_after:per_mille=100,nth=1+3,user=w1,executes=false,on=any") == Fault(
        name="cut_after", per_mille=100, nth=(1, 3), user="w1", executes=False, on="any"
    )


@pytest.mark.parametrize("text", ["cut_after", "late:delay_ms=500", "fail:seed=3,made=1,positions=0+2,executes=False"])
def test_a_faults_text_reads_back(text: str) -> None:
    assert parse_fault(text).as_text() == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("gremlins", "there is no fault 'gremlins'"),
        ("cut_after:on=everything", "there is no kind of request 'everything'"),
        ("cut_after:nth", "'nth' needs the form key=value"),
        ("cut_after:nth=x", "nth=x: invalid literal"),
        ("cut_after:colour=red", "a fault has no 'colour'"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(text: str, why: str) -> None:
    with pytest.raises(FaultError, match=why):
        parse_fault(text)


def test_faults_of_a_file_share_its_seed_unless_they_have_their_own() -> None:
    first, second = read_faults({"seed": 7, "faults": [{"name": "drip"}, {"name": "drip", "seed": 8}]})
    assert (first.seed, second.seed) == (7, 8)


@pytest.mark.parametrize("value", [None, 7, {"faults": 7}, [7], [{"name": 7}], [{"name": "drip", "nth": "1"}]])
def test_json_that_is_no_list_of_faults_is_refused(value: object) -> None:
    with pytest.raises(FaultError):
        read_faults(value)


def test_a_probability_is_kept_over_many_requests() -> None:
    """Of 2,000 requests about one in ten is struck, and always the same ones."""
    fault = Fault(name="drip", per_mille=100, seed=1)
    struck = [number for number in range(1, 2001) if fault.strikes(number, 0)]
    assert 150 < len(struck) < 250
    assert struck == [number for number in range(1, 2001) if fault.strikes(number, 0)]


def test_another_seed_strikes_others() -> None:
    one, two = (
        [number for number in range(1, 200) if Fault(name="drip", per_mille=300, seed=seed).strikes(number, 0)]
        for seed in (1, 2)
    )
    assert one != two


def test_faults_add_up_to_one_set_of_orders() -> None:
    book = FaultBook([parse_fault("latency:delay_ms=5"), parse_fault("cut_before"), parse_fault("lag")])
    orders = book.orders(Kind.SEND, NOBODY, 10)
    assert (orders.delay_ms, orders.execute, orders.delivery, orders.lag_ms) == (15, Execute.NEVER, Delivery.CLOSE, 0)


def test_options_are_read_from_arguments(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps({"seed": 3, "faults": [{"name": "drip"}]}))
    arguments = ["--port", "80", "--yandex", "true", "--balance", "12.50", "--faults", str(faults)]
    options = parse_options([*arguments, "--fault", "garble", "--token-env", "SECRET"], {"SECRET": "s3cret"})
    assert (options.port, options.currency, str(options.balance), options.token) == (80, "RUB", "12.50", "s3cret")
    assert [fault.as_text() for fault in options.faults] == ["drip:seed=3", "garble"]


def test_options_travel_to_a_child_as_arguments() -> None:
    options = Options(yandex=True, run_ms=5, name="A b", faults=(parse_fault("late:delay_ms=7"),))
    assert parse_options(option_arguments(options), {}) == options


def test_a_token_is_never_an_argument() -> None:
    with pytest.raises(OptionError):
        option_arguments(Options(token="s3cret"))
    with pytest.raises(OptionError, match="there is no option --token"):
        parse_options(["--token", "s3cret"], {})


@pytest.mark.parametrize(
    "arguments",
    [["--port"], ["--port", "x"], ["port", "1"], ["--gravity", "1"], ["--yandex", "yes"], ["--faults", "none.json"]],
)
def test_an_option_that_makes_no_sense_is_refused(arguments: list[str]) -> None:
    with pytest.raises(OptionError):
        parse_options(arguments, {})
