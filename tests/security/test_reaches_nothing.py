"""Who asks for nothing sends nothing: no name is looked up, no connection made, no program started."""

from pathlib import Path

import pytest

from reconcile.config import load_config
from reconcile.diagnostics import Diagnostics
from tests.security.leaks import CANARY
from tests.security.watching import watched
from tests.support.cli import project, write_specs

PRODUCTION = """\
version: 1
providers:
  toloka: {type: toloka, environment: production, account: 566ec2b0ff0deeaae5f9d500629de162}
"""
BONUS = "{user_id: w1, amount: 1.00}"


def given(folder: Path, config: str = PRODUCTION) -> Path:
    folder.mkdir()
    project(folder)
    (folder / "bonusctl.yaml").write_text(config)
    write_specs(folder, BONUS)
    return folder


def test_the_hooks_see_a_connection(tmp_path: Path) -> None:
    """So that what follows proves something: the same command with an endpoint that is allowed does connect."""
    config = 'version: 1\nproviders: {toloka: {type: toloka, environment: sandbox, endpoint: "http://127.0.0.1:9"}}\n'
    folder = given(tmp_path / "p", config)
    seen = watched(folder, "apply", "--auto-approve", environ={"TOLOKA_TOKEN": CANARY})
    assert seen.ended.code == 1
    assert "('127.0.0.1', 9)" in " ".join(seen.of("socket.connect"))


@pytest.mark.parametrize(
    "command",
    [
        ("plan",),
        ("plan", "--format", "markdown", "--mask-recipients"),
        ("validate",),
        ("validate", "--format", "github"),
        ("status",),
        ("schema",),
    ],
)
def test_what_a_pull_request_runs_reaches_nothing_and_starts_nothing(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Also with a token at hand, and with the production environment in the config."""
    seen = watched(
        given(tmp_path / "p"), *command, environ={"TOLOKA_TOKEN": CANARY, "BONUSCTL_MASK_KEY": "0123456789abcdef"}
    )
    assert seen.ended.code == 0, seen.ended
    assert seen.events == []


HOSTILE_ENDPOINTS = (
    "https://evil.example",
    "https://evil.example:443/",
    "http://evil.example",
    "http://localhost@evil.example",
    "http://localhost:8765@evil.example",
    "http://127.0.0.1@evil.example",
    "https://sandbox.toloka.dev@evil.example",
    "https://evil.example#sandbox.toloka.dev",
    "https://evil.example?sandbox.toloka.dev",
    "https://evil.example/sandbox.toloka.dev",
    "https://evil.example\\\\@sandbox.toloka.dev",
    "https://sandbox.toloka.dev.evil.example",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://127.0.0.1.nip.io",
    "http://[::ffff:127.0.0.1]",
    "http://[::ffff:7f00:1]:80",
    "http://[::ffff:10.0.0.1]",
    "http://[0:0:0:0:0:ffff:127.0.0.1]",
    "http://[64:ff9b::7f00:1]",
    "http://[fe80::1%25lo]",
    "http://0",
    "http://0.0.0.0",
    "http://127.1",
    "http://0x7f000001",
    "http://2130706433",
    "http://017700000001",
    "http://１２７.０.０.１",
    "http://localhoſt",
    "http://ⓛocalhost",
    "https://toloka.dev",
    "https://toloka.dev.",
    "https://TOLOKA.dev:443",
    "file:///etc/passwd",
    "gopher://127.0.0.1",
    "unix:///run/x",
    "//evil.example",
    "evil.example",
    "https://",
    "http://127.0.0.1:0",
    "http://127.0.0.1:99999",
    "http://127.0.0.1:80:80",
)


@pytest.mark.parametrize("endpoint", HOSTILE_ENDPOINTS)
def test_a_hostile_endpoint_is_refused_with_its_place(tmp_path: Path, endpoint: str) -> None:
    config = tmp_path / "bonusctl.yaml"
    config.write_text(
        f'version: 1\nproviders:\n  toloka: {{type: toloka, environment: sandbox, endpoint: "{endpoint}"}}\n'
    )
    diagnostics = Diagnostics()
    assert load_config(config, diagnostics, {}) is None
    found = diagnostics.found[0]
    assert found.place is not None
    assert (found.place.line, found.place.column) == (3, 58)


@pytest.mark.parametrize("endpoint", HOSTILE_ENDPOINTS[:6])
def test_a_merged_line_with_a_hostile_endpoint_sends_nothing_anywhere(tmp_path: Path, endpoint: str) -> None:
    config = f'version: 1\nproviders:\n  toloka: {{type: toloka, environment: sandbox, endpoint: "{endpoint}"}}\n'
    seen = watched(given(tmp_path / "p", config), "apply", "--auto-approve", environ={"TOLOKA_TOKEN": CANARY})
    assert seen.ended.code == 1
    assert "bonusctl.yaml:3:58" in seen.ended.err
    assert seen.events == []


@pytest.mark.parametrize(
    "name", ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "toloka_TOKEN", "PATH", "XTOLOKA_T", "TOLOKA"]
)
def test_a_merged_line_cannot_name_another_secret_as_the_token(tmp_path: Path, name: str) -> None:
    """To an address that needs no permission, since it is this machine."""
    config = (
        "version: 1\nproviders:\n  toloka:\n    type: toloka\n    environment: sandbox\n"
        f"    endpoint: http://127.0.0.1:9\n    token_env: {name}\n"
    )
    seen = watched(given(tmp_path / "p", config), "apply", "--auto-approve", environ={name: CANARY})
    assert seen.ended.code == 1
    assert "token_env" in seen.ended.err
    assert seen.events == []


def test_a_proxy_in_the_environment_is_not_asked_unless_the_config_says_so(tmp_path: Path) -> None:
    """The connection is tried at the endpoint itself."""
    config = 'version: 1\nproviders: {toloka: {type: toloka, environment: sandbox, endpoint: "http://127.0.0.1:9"}}\n'
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:10")
    seen = watched(
        given(tmp_path / "p", config), "apply", "--auto-approve", environ={"TOLOKA_TOKEN": CANARY, **proxies}
    )
    assert seen.ended.code == 1
    assert all("('127.0.0.1', 9)" in one for one in seen.of("socket.connect"))
    assert seen.of("socket.connect")


def test_a_change_of_endpoint_stands_out_in_the_plan(tmp_path: Path) -> None:
    config = 'version: 1\nproviders: {toloka: {type: toloka, environment: sandbox, endpoint: "http://127.0.0.1:9"}}\n'
    folder = given(tmp_path / "p", config)
    for form in ("text", "markdown", "html"):
        said = watched(folder, "plan", "--format", form).ended.out
        assert "http://127.0.0.1:9" in said, form
