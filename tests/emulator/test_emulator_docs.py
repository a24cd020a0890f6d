"""The documentation names every fault, option, kind of request and control."""

from dataclasses import fields
from pathlib import Path

from reconcile.emulator.faultkinds import FAULTS
from reconcile.emulator.options import Options
from reconcile.emulator.orders import Kind

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "emulator.md").read_text()


def test_every_fault_is_documented() -> None:
    assert [name for name in FAULTS if f"`{name}`" not in TEXT] == []


def test_every_option_is_documented() -> None:
    """The token is set by --token-env, faults by --fault and --faults."""
    names = {field.name.replace("_", "-") for field in fields(Options)} - {"token"} | {"token-env", "fault"}
    assert sorted(name for name in names if f"`--{name}`" not in TEXT) == []


def test_every_kind_of_request_is_documented() -> None:
    assert [kind for kind in Kind if kind is not Kind.OTHER and f"`{kind}`" not in TEXT] == []
