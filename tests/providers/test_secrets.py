"""Where a token comes from, and where it never shows."""

import copy
import json
import logging
import os
import pickle
import subprocess
import sys
import traceback
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from reconcile.errors import ProviderError
from reconcile.providers.secrets import CommandResult, Secret, find_token, run_command
from reconcile.providers.toloka.credentials import authorization
from reconcile.redaction import Redactor, install
from reconcile.settings import ProviderSettings

CANARY = "canary/9f8e+7d6c=5b4a.3210"
SANDBOX = ProviderSettings(name="toloka", type="toloka", environment="sandbox")


def no_command(arguments: Sequence[str]) -> CommandResult:
    raise AssertionError(arguments)


# --- where it comes from ---------------------------------------------------------------------------------------------


def test_a_token_comes_from_the_environment_variable_that_the_config_names() -> None:
    settings = replace(SANDBOX, token_env="TOLOKA_TEAM")
    assert find_token(settings, {"TOLOKA_TEAM": CANARY}, no_command).reveal() == CANARY


def test_the_emulator_needs_no_token_and_gets_none_of_yours() -> None:
    settings = replace(SANDBOX, environment="emulator")
    assert find_token(settings, {"TOLOKA_TOKEN": CANARY}, no_command).reveal() != CANARY


def test_without_a_token_the_remedy_is_a_line_to_copy() -> None:
    with pytest.raises(ProviderError) as caught:
        find_token(SANDBOX, {}, no_command)
    assert caught.value.reason == "no_token"
    assert "export TOLOKA_TOKEN=…" in caught.value.remedy.splitlines()


@pytest.mark.parametrize(
    "spoiled", [f"{CANARY}\n", f"{CANARY}\r\nX-Evil: 1", f"{CANARY}\x00", f" {CANARY}", "tökén" + CANARY]
)
def test_a_token_that_could_not_stand_in_a_header_is_refused_and_not_repeated(spoiled: str) -> None:
    with pytest.raises(ProviderError) as caught:
        find_token(SANDBOX, {"TOLOKA_TOKEN": spoiled}, no_command)
    error = caught.value
    assert error.reason == "no_token"
    assert CANARY not in f"{error!r}{error.summary}{error.detail}{error.remedy}"


def token_file(folder: Path, text: str = f"{CANARY}\n", mode: int = 0o600) -> ProviderSettings:
    path = folder / "token"
    path.write_text(text)
    path.chmod(mode)
    return replace(SANDBOX, token_file=str(path))


@pytest.mark.parametrize("text", [CANARY, f"{CANARY}\n", f"{CANARY}\r\n"])
def test_a_token_comes_from_a_file_of_ours_that_nobody_else_may_read(tmp_path: Path, text: str) -> None:
    assert find_token(token_file(tmp_path, text), {}, no_command).reveal() == CANARY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ProviderError) as caught:
        find_token(token_file(tmp_path, mode=mode), {}, no_command)
    assert caught.value.remedy == f"chmod 600 {tmp_path / 'token'}"
    assert caught.value.reason == "no_token"


@pytest.mark.parametrize("text", ["", "\n", f"{CANARY}\n{CANARY}\n", "x" * 9000])
def test_a_file_without_one_token_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProviderError):
        find_token(token_file(tmp_path, text), {}, no_command)


def test_a_link_a_folder_a_pipe_and_a_missing_file_are_no_token_files(tmp_path: Path) -> None:
    settings = token_file(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "token")
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(0o700)
    for name in ("link", "pipe", "folder", "missing"):
        with pytest.raises(ProviderError):
            find_token(replace(settings, token_file=str(tmp_path / name)), {}, no_command)


def test_a_token_comes_from_a_keyring_command_without_a_shell() -> None:
    settings = replace(SANDBOX, token_command=(sys.executable, "-c", f"print({CANARY!r})"))
    assert find_token(settings, {}).reveal() == CANARY


@pytest.mark.parametrize("command", [(sys.executable, "-c", "raise SystemExit(3)"), ("/nonexistent/keyring",)])
def test_a_keyring_command_that_fails_is_told_by_its_end_and_not_by_its_output(command: tuple[str, ...]) -> None:
    with pytest.raises(ProviderError) as caught:
        find_token(replace(SANDBOX, token_command=command), {})
    assert caught.value.reason == "no_token"


def test_what_a_keyring_command_says_on_stderr_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    run_command((sys.executable, "-c", f"import sys; sys.stderr.write({CANARY!r})"))
    assert CANARY not in capfd.readouterr().err


# --- where it never shows --------------------------------------------------------------------------------------------


def test_a_secret_shows_itself_as_stars_in_every_way() -> None:
    secret = Secret(CANARY)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>10}",
        f"{secret:>10}",
        "{} {!r}".format(secret, secret),  # noqa: UP032
        json.dumps({"token": secret}, default=str),
        repr([secret]),
        repr(SANDBOX),
        str(pickle.loads(pickle.dumps(secret)).reveal()),
        pickle.dumps(secret).decode("latin-1"),
    ]
    assert all(CANARY not in text for text in shown)
    assert repr(secret) == "***"


def test_a_secret_is_no_text_and_is_not_written_as_json() -> None:
    with pytest.raises(TypeError) as caught:
        json.dumps(Secret(CANARY))
    assert CANARY not in str(caught.value)


def test_a_copy_of_a_secret_is_the_secret() -> None:
    secret = Secret(CANARY)
    assert copy.deepcopy({"token": secret})["token"] is secret
    assert copy.copy(secret) is secret


def test_a_traceback_with_local_variables_shows_stars() -> None:
    def use(secret: Secret) -> None:
        raise ValueError("no")

    try:
        use(Secret(CANARY))
    except ValueError as exc:
        shown = "".join(traceback.TracebackException.from_exception(exc, capture_locals=True).format())
    assert "secret = ***" in shown
    assert CANARY not in shown


@pytest.mark.parametrize(
    ("token", "header"),
    [
        (f"{'a' * 22}.b.c", f"ApiKey {'a' * 22}.b.c"),
        (f"{'a' * 24}.b.c", f"ApiKey {'a' * 24}.b.c"),
        (f"{'a' * 21}.b.c", f"OAuth {'a' * 21}.b.c"),
        (f"{'a' * 25}.b.c", f"OAuth {'a' * 25}.b.c"),
        (f"{'a' * 22}.b", f"OAuth {'a' * 22}.b"),
        (f"{'a' * 22}.b.c.d", f"OAuth {'a' * 22}.b.c.d"),
        ("AQAD-abc", "OAuth AQAD-abc"),
    ],
)
def test_new_keys_and_old_tokens_are_told_apart_by_their_dots(token: str, header: str) -> None:
    assert authorization(Secret(token), environment="production") == header


def test_yandex_tasks_knows_no_new_keys() -> None:
    token = f"{'a' * 22}.b.c"
    assert authorization(Secret(token), environment="production") == f"ApiKey {token}"
    assert authorization(Secret(token), environment="yandex") == f"OAuth {token}"


def test_a_token_is_revealed_only_where_its_header_is_made() -> None:
    """A provider's for Toloka, CI's own for the comment and the status of a plan."""
    root = Path(__file__).parents[2] / "reconcile"
    places = sorted(str(path.relative_to(root)) for path in root.rglob("*.py") if ".reveal()" in path.read_text())
    assert places == ["ci/api.py", "providers/toloka/credentials.py"]


# --- redaction -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelled",
    [
        CANARY,
        quote(CANARY, safe=""),
        quote(CANARY, safe="").lower(),
        CANARY.replace("/", "\\/"),
        CANARY.replace("=", "\\u003d"),
        b64encode(CANARY.encode()).decode().rstrip("="),
        b64encode(b"user:" + CANARY.encode() + b":x").decode(),
        b64encode(b"us:" + CANARY.encode()).decode(),
        b64encode(b"u:" + CANARY.encode() + b"more").decode(),
    ],
)
def test_every_spelling_of_a_secret_is_replaced(spelled: str) -> None:
    cleaned = Redactor([Secret(CANARY)]).clean(f"before {spelled} after")
    assert "***" in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    middle = b64encode(CANARY.encode())[4:24].decode()
    assert CANARY not in cleaned
    assert quote(CANARY, safe="") not in cleaned
    assert middle not in cleaned


def test_a_text_without_secrets_stays_as_it_is() -> None:
    assert Redactor([Secret(CANARY), Secret("abc")]).clean("abc is an ordinary text") == "abc is an ordinary text"


def test_a_secret_that_is_found_later_is_redacted_too() -> None:
    redactor = Redactor()
    redactor.add(Secret(CANARY))
    assert redactor.clean(f"x{CANARY}") == "x***"
    assert CANARY not in repr(redactor)


def test_a_crash_text_is_clean() -> None:
    try:
        raise ValueError(f"bad header {CANARY}") from KeyError(quote(CANARY, safe=""))
    except ValueError as exc:
        text = Redactor([Secret(CANARY)]).traceback(exc)
    assert "bad header ***" in text
    assert quote(CANARY, safe="") not in text


@pytest.mark.parametrize("name", ["", "httpx", "httpcore.http11", "httpcore.connection", "somebody.else"])
def test_what_any_logger_writes_is_clean(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Message, arguments, exception and stack; on the libraries' own loggers as on others."""
    uninstall = install(Redactor([Secret(CANARY)]))
    try:
        with caplog.at_level(logging.DEBUG, logger=name):
            logger = logging.getLogger(name)
            logger.debug("sent %s", {"Authorization": f"OAuth {CANARY}"})
            try:
                raise ValueError(CANARY)
            except ValueError:
                logger.exception("failed with %r", CANARY, stack_info=True)
    finally:
        uninstall()
    assert "OAuth ***" in caplog.text
    assert "ValueError: ***" in caplog.text
    assert CANARY not in caplog.text
    assert all(CANARY not in f"{record.__dict__}" for record in caplog.records)


def test_a_record_that_does_not_format_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    uninstall = install(Redactor([Secret(CANARY)]))
    try:
        logging.getLogger("httpx").warning("%d", CANARY)
    finally:
        uninstall()
    assert "***" in caplog.text
    assert CANARY not in caplog.text


def test_loading_secrets_and_registry_loads_no_http() -> None:
    code = (
        "import sys, reconcile.providers.registry, reconcile.redaction, reconcile.providers.toloka.codec;"
        "assert not {'httpx', 'httpcore', 'ssl', 'asyncio'} & set(sys.modules), 'loaded'"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0
