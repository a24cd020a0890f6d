"""A provider of type `mturk` in the config: what holds when nothing is said, and what is warned of."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from reconcile.config import load_config
from reconcile.diagnostics import Diagnostics
from reconcile.settings import ProviderSettings

CLOSED = "MTurk closed on 2026-09-30"


def provider(tmp_path: Path, *lines: str) -> tuple[ProviderSettings, list[str]]:
    """The provider that these lines state, and the warnings."""
    path = tmp_path / "bonusctl.yaml"
    path.write_text("version: 1\nproviders:\n  mturk:\n    type: mturk\n" + "".join(f"    {line}\n" for line in lines))
    diagnostics = Diagnostics()
    found = load_config(path, diagnostics, {})
    assert found is not None
    return found.providers[0], [one.summary for one in diagnostics]


def test_what_holds_where_the_config_says_nothing(tmp_path: Path) -> None:
    """Twenty percent of fees, one payment a request, no daily limit, no marker, AWS's default profile."""
    settings, warnings = provider(tmp_path, "environment: sandbox")
    expected = ProviderSettings(
        name="mturk",
        type="mturk",
        environment="sandbox",
        mode="token",
        daily_request_limit=1_000_000,
        fee_percent=Decimal("20"),
        line=3,
    )
    assert replace(settings, fee_percent=settings.fee_percent) == expected
    assert warnings == []


def test_every_key_of_its_own(tmp_path: Path) -> None:
    """What MTurk's block may say is taken as it stands."""
    settings, _ = provider(
        tmp_path,
        "environment: production",
        'account: "100000000001"',
        "endpoint: http://127.0.0.1:8765",
        "profile: crowd",
        "reason_marker: true",
        "concurrency: 2",
        "timeout: 10",
        "settle_window: 60",
        "fee_percent: 40",
    )
    assert (settings.account, settings.profile, settings.reason_marker) == ("100000000001", "crowd", True)
    assert (settings.concurrency, settings.timeout_s, settings.settle_window_s) == (2, 10, 60)
    assert settings.fee_percent == Decimal("40")


def test_production_is_warned_of_as_closed(tmp_path: Path) -> None:
    """AWS closed MTurk: the config says so before anything is planned."""
    _, warnings = provider(tmp_path, "environment: production", 'account: "100000000001"')
    assert warnings == [CLOSED]


def test_a_compatible_endpoint_in_production_is_not_warned_of(tmp_path: Path) -> None:
    """A service that speaks MTurk's protocol elsewhere did not close."""
    _, warnings = provider(
        tmp_path, "environment: production", 'account: "100000000001"', "endpoint: http://127.0.0.1:8765"
    )
    assert warnings == []
