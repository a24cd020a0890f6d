"""Whole runs of the real command against real emulators: tokens, accounts acted for, ids, limits, days, currencies."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.commandline import CommandLine
from tests.support.emulator import EmulatorProcess

API_KEY = f"{'k' * 22}.part.secret"
OAUTH = "AQAAAAAb-old-token"
HERE = Path(__file__).parent

CONFIG = """\
version: 1
providers:
  toloka:
    type: toloka
    environment: {environment}
    endpoint: {endpoint}
    fee_percent: 0
    concurrency: 8
{more}"""

Start = Callable[..., EmulatorProcess]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts emulators that take one token alone (`token`), with further options."""
    with ExitStack() as stack:

        def one(token: str = "", **options: object) -> EmulatorProcess:
            number = len(list(tmp_path.glob("remote-*.db")))
            if token:
                monkeypatch.setenv("EMULATOR_TOKEN", token)
                options["token-env"] = "EMULATOR_TOKEN"
            db = tmp_path / f"remote-{number}.db"
            given = {name.replace("_", "-"): value for name, value in options.items()}
            return stack.enter_context(EmulatorProcess(db, {"start-ms": 0, "run-ms": 0, **given}))

        yield one


def project(
    folder: Path, emulator: EmulatorProcess, *, token: str = OAUTH, environment: str = "sandbox", **keys: object
) -> CommandLine:
    more = "".join(f"    {name}: {value}\n" for name, value in keys.items())
    config = CONFIG.format(environment=environment, endpoint=emulator.endpoint, more=more)
    return CommandLine(folder / "project", config, {"TOLOKA_TOKEN": token})


def campaign(bonuses: int, amount: str = "1.00") -> str:
    rows = "".join(f"  - {{user_id: w{number}, amount: {amount}}}\n" for number in range(bonuses))
    return f"version: 1\ncampaign: c\nprovider: toloka\nbonuses:\n{rows}"


def paid(emulator: EmulatorProcess) -> list[tuple[str, Decimal]]:
    return sorted((row["user_id"], Decimal(row["amount"])) for row in emulator.payments())


# --- tokens and accounts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("token", "scheme"), [(API_KEY, "ApiKey"), (OAUTH, "OAuth")])
def test_a_run_with_a_new_key_and_with_an_old_token(tmp_path: Path, start: Start, token: str, scheme: str) -> None:
    """doctor names the scheme, and neither it nor a run shows the token."""
    emulator = start(token)
    line = project(tmp_path, emulator, token=token)
    line.spec("c", campaign(2))
    doctor, apply = line.expect(0, "doctor"), line.expect(0, "apply", "--auto-approve")
    assert f"present, sent as {scheme}" in doctor.out
    assert token not in doctor.out + doctor.err + apply.out + apply.err
    assert paid(emulator) == [("w0", Decimal("1.00")), ("w1", Decimal("1.00"))]


def test_a_token_that_is_refused_pays_nothing_and_names_the_request(tmp_path: Path, start: Start) -> None:
    emulator = start(API_KEY)
    line = project(tmp_path, emulator, token=OAUTH)
    line.spec("c", campaign(2))
    done = line.expect(1, "apply", "--auto-approve", "--format", "json")
    assert done.json()["reason"] == "access_refused"
    assert "AUTHENTICATION_ERROR (request " in done.err + done.out
    assert paid(emulator) == []


def test_the_account_that_is_acted_for_pays_is_bound_and_shown(tmp_path: Path, start: Start) -> None:
    emulator = start(OAUTH)
    line = project(tmp_path, emulator, act_under="a0000000000000000000000000000002")
    line.spec("c", campaign(2))
    assert "a0000000000000000000000000000002" in line.expect(0, "doctor").out
    line.expect(0, "apply", "--auto-approve")
    assert {row["account"] for row in emulator.payments()} == {"a0000000000000000000000000000002"}
    plan = line.expect(0, "plan")
    assert "acts for a0000000000000000000000000000002 with another account's token" in plan.out
    (provider,) = line.expect(0, "plan", "--format", "json").json()["providers"]
    assert provider["account"] == provider["act_under"] == "a0000000000000000000000000000002"


def test_acting_for_another_account_later_does_not_fit_the_state(tmp_path: Path, start: Start) -> None:
    """The ledger belongs to the account that it first met."""
    emulator = start()
    line = project(tmp_path, emulator)
    line.spec("c", campaign(1))
    line.expect(0, "apply", "--auto-approve")
    changed = (line.folder / "bonusctl.yaml").read_text() + "    act_under: a2\n"
    (line.folder / "bonusctl.yaml").write_text(changed)
    done = line.expect(1, "apply", "--auto-approve", "--format", "json")
    assert done.json()["reason"] == "account_mismatch"
    assert len(emulator.payments()) == 1


def test_operation_ids_without_dashes_and_times_without_milliseconds(tmp_path: Path, start: Start) -> None:
    """A whole run with lost answers, then a second with nothing to do."""
    emulator = start(ids_dashed=False, created_ms=False, log_amounts_as_text=True, fault="cut_after:nth=2+5")
    line = project(tmp_path, emulator)
    line.spec("c", campaign(12))
    line.expect(0, "apply", "--auto-approve")
    line.expect(0, "plan", "--detailed-exitcode")
    assert len(emulator.payments()) == 12


# --- limits --------------------------------------------------------------------------------------------------------


def test_a_run_stays_below_the_providers_requests_a_second(tmp_path: Path, start: Start) -> None:
    """The emulator counts as Toloka does and answers 429 past 60 a second; without the pace there would be hundreds."""
    emulator = start(requests_per_second=60)
    line = project(tmp_path, emulator, requests_per_second=50)
    line.spec("c", campaign(150))
    done = line.expect(0, "apply", "--auto-approve", "--format", "json")
    assert (len(emulator.payments()), done.json()["waits"]) == (150, [])
    assert "Too many requests" not in done.err


def test_a_plan_of_three_days_says_so_and_goes_on_under_one_approval(tmp_path: Path, start: Start) -> None:
    """Fifty requests a day: 49 today, nothing more today, and the rest under the same approval when there is room."""
    emulator = start(daily_limit=50)
    line = project(tmp_path, emulator, daily_request_limit=50)
    line.spec("c", campaign(120))
    plan = line.expect(0, "plan", "--out", "three-days.plan", "--format", "json").json()
    (provider,) = plan["providers"]
    assert [day["requests"] for day in provider["days"]] == [49, 49, 22]
    assert "120 requests, 50 a day: 3 days" in line.expect(0, "show", "three-days.plan").out
    report = line.expect(3, "apply", "three-days.plan", "--format", "json").json()
    assert (report["summary"]["issued"], report["summary"]["not_sent"]) == (49, 71)
    assert {row["reason"] for row in report["left"]} == {"quota"}
    assert report["waits"][0]["until"].endswith("T00:00:00.000Z")
    # The same day again: nothing more is sent, under the same approval.
    report = line.expect(3, "apply", "--expect-digest", plan["digest"], "--format", "json").json()
    assert (report["summary"]["issued"], len(emulator.payments())) == (0, 49)
    # A larger limit is as good as another day; the approval is the same.
    config = (line.folder / "bonusctl.yaml").read_text().replace("daily_request_limit: 50", "daily_request_limit: 200")
    (line.folder / "bonusctl.yaml").write_text(config)
    emulator.set_options(daily_limit=200)
    report = line.expect(0, "apply", "--expect-digest", plan["digest"], "--format", "json").json()
    assert (report["summary"]["issued"], len(emulator.payments())) == (71, 120)
    line.expect(0, "apply", "three-days.plan")


def test_what_is_rejected_shows_the_code_the_request_and_what_to_do(tmp_path: Path, start: Start) -> None:
    emulator = start(fault="refuse:user=w1,status=413,code=PAYLOAD_TOO_LARGE")
    line = project(tmp_path, emulator)
    line.spec("c", campaign(3))
    report = line.expect(3, "apply", "--auto-approve", "--format", "json").json()
    (row,) = report["rejected"]
    assert (row["address"], row["code"], len(row["request_id"])) == ("c/w1", "PAYLOAD_TOO_LARGE", 32)
    assert row["advice"] == "The request was too large for Toloka: lower batch_size in the config."
    text = line.expect(3, "apply", "--auto-approve").out
    assert "PAYLOAD_TOO_LARGE: Refused on request (request " in text
    assert "PAYLOAD_TOO_LARGE: The request was too large for Toloka: lower batch_size in the config." in text


def test_a_balance_that_does_not_suffice_sends_nothing(tmp_path: Path, start: Start) -> None:
    emulator = start(balance="2.50")
    line = project(tmp_path, emulator)
    line.spec("c", campaign(3))
    report = line.expect(3, "apply", "--auto-approve", "--format", "json").json()
    assert {row["reason"] for row in report["left"]} == {"funds"}
    assert "0.50 USD is missing" in report["waits"][0]["text"]
    assert emulator.payments() == []
    emulator.set_balance("3.00")
    line.expect(0, "apply", "--auto-approve")


# --- two currencies ------------------------------------------------------------------------------------------------


def two_currencies(folder: Path, dollars: EmulatorProcess, roubles: EmulatorProcess) -> CommandLine:
    """The example beside this file, on these emulators."""
    example = HERE / "two_currencies"
    config = (example / "bonusctl.yaml").read_text()
    config = config.replace("http://127.0.0.1:8765", dollars.endpoint).replace(
        "http://127.0.0.1:8766", roubles.endpoint
    )
    line = CommandLine(folder / "project", config, {"TOLOKA_TOKEN": API_KEY, "TOLOKA_TASKS_TOKEN": API_KEY})
    for path in (example / "specs").iterdir():
        line.spec(path.stem, path.read_text())
    return line


def test_dollars_and_roubles_in_one_project(tmp_path: Path, start: Start) -> None:
    """Each paid where it belongs, with totals by currency in plan, apply, status and history."""
    dollars, roubles = start(), start(yandex=True)
    line = two_currencies(tmp_path, dollars, roubles)
    plan = line.expect(0, "plan", "--format", "json").json()["summary"]
    assert (plan["total"], plan["fees"], plan["currency"]) == (None, None, None)
    assert plan["totals"] == {"USD": "1.255", "RUB": "104.50"}
    assert plan["fees_by_currency"] == {"USD": "0.26", "RUB": "10.45"}
    text = line.expect(0, "plan").out
    assert "Pays 1.255 USD + 0.26 USD fees = 1.515 USD." in text
    assert "Pays 104.50 RUB + 10.45 RUB fees = 114.95 RUB." in text
    report = line.expect(0, "apply", "--auto-approve", "--format", "json").json()
    assert report["summary"]["total_issued"] is None
    assert report["summary"]["totals"] == {"RUB": "104.50", "USD": "1.255"}
    assert paid(dollars) == [("w1", Decimal("1.25")), ("w2", Decimal("0.005"))]
    assert paid(roubles) == [("w1", Decimal("5.00")), ("w3", Decimal("99.50"))]
    status = line.expect(0, "status", "--format", "json").json()
    assert {code: total["issued_amount"] for code, total in status["totals"].items()} == {
        "USD": "1.255",
        "RUB": "104.50",
    }
    assert "Total: 104.50 RUB paid, 0.00 RUB to pay" in line.expect(0, "status").out
    run = line.expect(0, "history", "--format", "json").json()["runs"][0]
    assert run["paid"] == [{"currency": "RUB", "amount": "104.50"}, {"currency": "USD", "amount": "1.255"}]
    line.expect(0, "plan", "--detailed-exitcode")


def test_yandex_tasks_gets_oauth_whatever_the_token_looks_like(tmp_path: Path, start: Start) -> None:
    line = two_currencies(tmp_path, start(), start(yandex=True))
    doctor = line.expect(0, "doctor").out
    assert "toloka token: present, sent as ApiKey" in doctor
    assert "tasks token: present, sent as OAuth" in doctor
    assert "tasks balance: 100000.00 RUB" in doctor


@pytest.mark.parametrize(
    ("amount", "summary"),
    [("4.99", "4.99 RUB"), ("10000.01", "10000.01 RUB"), ("5.005", "3 decimals")],
)
def test_a_bonus_in_roubles_has_two_decimals_and_its_own_bounds(
    tmp_path: Path, start: Start, amount: str, summary: str
) -> None:
    line = two_currencies(tmp_path, start(), start(yandex=True))
    line.spec("roubles", f"version: 1\ncampaign: r\nprovider: tasks\nbonuses: [{{user_id: w1, amount: {amount}}}]\n")
    done = line.expect(1, "validate", "--format", "json").json()
    assert summary in json.dumps(done["diagnostics"])


def test_a_policy_of_one_currency_says_nothing_of_the_other(tmp_path: Path, start: Start) -> None:
    """400 roubles are allowed for a bonus, 5 dollars; 401 roubles are not, and then nothing at all is sent."""
    dollars, roubles = start(), start(yandex=True)
    line = two_currencies(tmp_path, dollars, roubles)
    line.spec("roubles", "version: 1\ncampaign: r\nprovider: tasks\nbonuses: [{user_id: w1, amount: 401.00}]\n")
    assert line.expect(1, "apply", "--auto-approve", "--format", "json").json()["reason"] == "policy"
    assert (paid(dollars), paid(roubles)) == ([], [])
    line.spec("roubles", "version: 1\ncampaign: r\nprovider: tasks\nbonuses: [{user_id: w1, amount: 400.00}]\n")
    line.expect(0, "apply", "--auto-approve")
    assert paid(roubles) == [("w1", Decimal("400.00"))]


def test_a_run_at_yandex_tasks_with_lost_answers_pays_once(tmp_path: Path, start: Start) -> None:
    """The state is deleted afterwards, and still nothing is paid again."""
    emulator = start(OAUTH, yandex=True, fault="cut_after:nth=2+4")
    line = project(tmp_path, emulator, environment="yandex", account="e0000000-0000-0000-0000-000000000001")
    line.spec("c", campaign(6, amount="7.50"))
    line.expect(0, "apply", "--auto-approve")
    for path in (line.folder / "state").iterdir():
        path.unlink()
    report = line.expect(0, "apply", "--auto-approve", "--format", "json").json()
    assert (report["summary"]["issued"], report["summary"]["adopted"], len(emulator.payments())) == (0, 6, 6)
