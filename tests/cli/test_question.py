"""The question before real money is moved, in two currencies: the form is shown, and what is not the total is said."""

import io

import pytest

from reconcile.cli.console import Console
from reconcile.cli.question import agree
from reconcile.plan.model import Plan
from reconcile.settings import ProviderSettings
from tests.plan.plan_world import bonus, head, plan, settings


def two_currencies() -> Plan:
    config = settings(
        providers=(
            ProviderSettings(name="toloka", type="toloka", environment="production"),
            ProviderSettings(name="tasks", type="toloka", environment="yandex"),
        )
    )
    roubles = bonus("ru/ann", "19.50", campaign=head("ru", provider="tasks"))
    return plan(bonus("w47/ann", "0.333"), roubles, state=None, config=config)


@pytest.mark.parametrize(
    ("typed", "agreed", "said"),
    [
        ("0.333 USD, 19.50 RUB", True, ""),
        ("12.50", False, "12.50 is not the total, 0.333 USD, 19.50 RUB.\n"),
        ("", False, "Nothing is not the total, 0.333 USD, 19.50 RUB.\n"),
        ("\x1b[2J", False, "\\x1b[2J is not the total, 0.333 USD, 19.50 RUB.\n"),
    ],
)
def test_the_total_of_two_currencies_is_typed_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, agreed: bool, said: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
    made = two_currencies()
    assert agree(Console(environ={}), made, tuple(made.payments), ()) is agreed
    asked = capsys.readouterr().err
    assert "This pays 0.333 USD, 19.50 RUB of real money (production) in 2 payments.\n" in asked
    assert asked.endswith(f"Type the total as it stands here (0.333 USD, 19.50 RUB) to go on: {said}")
