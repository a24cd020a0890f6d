"""docs/toloka.md says what the code does: its table of answers is made from the table of outcomes."""

import re
from pathlib import Path

from reconcile.model import SendOutcome
from reconcile.providers.rules import TOLOKA
from reconcile.providers.toloka import outcomes

TEXT = (Path(__file__).parents[2] / "docs" / "toloka.md").read_text(encoding="utf-8")


def verdict(code: str, status: int) -> str:
    """What an answer with this code proves, in the document's words."""
    row = outcomes.definite(status, code)
    return "not paid" if row is not None and row.outcome is SendOutcome.NOT_EXECUTED else "looked at"


def rows() -> list[str]:
    """The table as it must stand in the document."""
    lines = []
    for code, meaning in outcomes.CODES.items():
        for status in meaning.statuses:
            lines.append(f"| `{code}` | {status} | {verdict(code, status)} | {meaning.sentence} |")
        if not meaning.statuses:
            lines.append(f"| `{code}` | – | {OF_ITSELF.get(code, 'not paid')} | {meaning.sentence} |")
    return lines


# A field's error is Toloka's refusal; of our own words only one proves that nothing was paid.
OF_ITSELF = dict.fromkeys((outcomes.LOST, outcomes.REDIRECTED, outcomes.BAD_ANSWER, outcomes.HTTP_ERROR), "looked at")


def test_the_table_of_answers_is_the_one_of_the_code() -> None:
    found = re.findall(r"^\| `\w+` \| (?:\d{3}|–) \|.*$", TEXT, re.MULTILINE)
    assert found == rows()


def test_the_table_of_environments_is_the_one_of_the_code() -> None:
    for name, tariff in TOLOKA.tariffs.items():
        address = f"`{TOLOKA.hosts[name]}`" if name in TOLOKA.hosts else "a child on this machine, or `endpoint`"
        most = f"{tariff.amount_max:,.0f}"
        least = f"{tariff.amount_min.normalize():f}"
        start = f"| `{name}` | {address} | {tariff.currency}, {tariff.decimals} decimals | {least} to {most} |"
        assert start in TEXT
