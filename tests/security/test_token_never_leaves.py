"""A canary token through every error path of the real command: it stands in no output, file, state, or process's title."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconcile.emulator.faultkinds import FAULTS
from tests.security.leaks import (
    CANARY,
    descendants,
    environ_of,
    have_proc,
    leaked,
    leaks_below,
    title_of,
)
from tests.security.relay import Altered, Heard, relaying
from tests.support.cli import COMMAND, bonusctl, environment, project, write_specs
from tests.support.emulator import EmulatorProcess

CONFIG = """\
version: 1
providers:
  toloka: {{type: toloka, environment: sandbox, endpoint: "{endpoint}", timeout: 1, settle_window: 1, concurrency: 2,
    operation_timeout: 1, fee_percent: 0}}
"""
BONUSES = ("{user_id: w1, amount: 1.00}", "{user_id: w2, amount: 2.00}", "{user_id: w3, amount: 3.00}")
AFTER = (
    ("-v", "status"),
    ("history", "--format", "json"),
    ("show", "last"),
    ("report", "--format", "csv"),
    ("state", "list", "--format", "json"),
    ("state", "export"),
    ("state", "verify"),
    ("plan", "--format", "html"),
    ("plan", "--format", "markdown", "--mask-recipients"),
)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    with EmulatorProcess(tmp_path_factory.mktemp("remote") / "remote.db", {"run-ms": 0}) as running:
        yield running


def given(folder: Path, endpoint: str) -> Path:
    project(folder)
    (folder / "bonusctl.yaml").write_text(CONFIG.format(endpoint=endpoint))
    write_specs(folder, *BONUSES, campaign=f"c-{folder.name}")
    return folder


def run_all(folder: Path, *commands: tuple[str, ...]) -> str:
    """Run the commands with the canary as token; all that they printed. Their files stay in `folder`."""
    (folder / "tmp").mkdir(exist_ok=True)
    environ = {"TOLOKA_TOKEN": CANARY, "TMPDIR": str(folder / "tmp"), "PYTHONDEVMODE": "1"}
    printed = ""
    for command in commands:
        ended = bonusctl(folder, *command, environ=environ)
        assert "Traceback" not in ended.err, ended.err
        printed += ended.out + ended.err
    return printed


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_no_fault_of_the_provider_lets_the_token_out(tmp_path: Path, emulator: EmulatorProcess, name: str) -> None:
    """The provider fails in this way, twice on each kind of request; the commands run with all they tell on `-vv`."""
    folder = given(tmp_path / name, emulator.endpoint)
    fault = {"name": name, "delay_ms": 1200, "times": 2, "retry_after_s": 1}
    emulator.faults([fault, fault | {"on": "any"}])
    printed = run_all(
        folder,
        ("-v", "-v", "apply", "--auto-approve", "--wait", "0"),
        ("-v", "-v", "doctor"),
        ("-v", "plan", "--refresh", "--out", "saved.bonusplan"),
    )
    assert printed
    assert leaked(printed) == []
    assert leaks_below(folder) == []


ECHO = json.dumps({"code": "VALIDATION_ERROR", "message": f"bad header OAuth {CANARY}", "request_id": CANARY}).encode()
ECHOES: dict[str, tuple[str, Callable[[Heard], bool]]] = {
    "a refusal of the credentials": ("401 Unauthorized", lambda heard: "requester" in heard.target),
    "a refusal of a payment": ("400 Bad Request", lambda heard: heard.is_payment),
    "a server's error on a payment": ("500 Internal Server Error", lambda heard: heard.is_payment),
    "a limit on a payment": ("429 Too Many Requests", lambda heard: heard.is_payment),
    "a redirect of a payment": ("307 Temporary Redirect", lambda heard: heard.is_payment),
    "a refusal of the list": ("400 Bad Request", lambda heard: heard.is_list),
    "an error of an operation": ("404 Not Found", lambda heard: "/operations" in heard.target),
}
"""What is repeated: the status of the answer, and which requests get it."""


@pytest.mark.parametrize("case", ECHOES)
def test_a_server_that_repeats_the_token_is_not_believed_to_be_harmless(
    tmp_path: Path, emulator: EmulatorProcess, case: str
) -> None:
    """Gateways print the request's headers into their error pages; what comes back reaches state, reports and exports."""
    emulator.faults([])
    folder = given(tmp_path / f"echo{sorted(ECHOES).index(case)}", "http://127.0.0.1:1")

    def alter(heard: Heard, true: bytes) -> Altered | None:
        status, chosen = ECHOES[case]
        location = (b"Location: /x?" + CANARY.encode(), b"X-Request-Id: " + CANARY.encode())
        return Altered(status, ECHO, location) if chosen(heard) else None

    with relaying(emulator, alter) as server:
        (folder / "bonusctl.yaml").write_text(CONFIG.format(endpoint=f"http://127.0.0.1:{server.port}"))
        commands = (("-v", "apply", "--auto-approve", "--wait", "0", "--format", "json"), ("-v", "doctor"))
        # Every way to look at the state, once; its own bytes and its export each time.
        printed = run_all(folder, *commands, *(AFTER if case == "a refusal of a payment" else AFTER[5:6]))
        assert any(CANARY.encode() in request for request in server.requests), "the token was never used"
    assert leaked(printed) == []
    assert leaks_below(folder) == []


def test_names_that_hold_the_token_do_not_show_it(tmp_path: Path, emulator: EmulatorProcess) -> None:
    """The account's own name is the token: it would stand in every plan and report."""
    emulator.faults([])
    folder = given(tmp_path / "named", "http://127.0.0.1:1")

    def alter(heard: Heard, true: bytes) -> Altered | None:
        if "requester" not in heard.target:
            return None
        return Altered(body=json.dumps(json.loads(true) | {"public_name": {"EN": f"me {CANARY}"}}).encode())

    with relaying(emulator, alter) as server:
        (folder / "bonusctl.yaml").write_text(CONFIG.format(endpoint=f"http://127.0.0.1:{server.port}"))
        printed = run_all(folder, ("apply", "--auto-approve"), ("doctor",), *AFTER)
    assert leaked(printed) == []
    assert leaks_below(folder) == []


@pytest.mark.parametrize(
    "config",
    [
        "token: {}",
        "token_env: {}",
        "token_file: [{}]",
        "endpoint: https://{}@evil.example",
        "endpoint: https://evil.example/?token={}",
        "account: {}",
        "password: {}",
    ],
)
def test_a_token_in_the_config_is_refused_and_not_repeated(tmp_path: Path, config: str) -> None:
    project(tmp_path)
    line = config.format("ABCDEFGHIJKLMNOPQRSTUV.canary9f8e7d6c5b4a3210.canary-0123456789abcdef")
    (tmp_path / "bonusctl.yaml").write_text(
        f"version: 1\nproviders:\n  toloka:\n    type: toloka\n    environment: sandbox\n    {line}\n"
    )
    for command in (("-v", "validate"), ("validate", "--format", "github"), ("doctor",), ("plan", "--format", "json")):
        ended = bonusctl(tmp_path, *command)
        assert ended.code == 1, (command, ended)
        assert "canary9f8e7d6c5b4a3210" not in ended.out + ended.err


@pytest.mark.skipif(not have_proc(), reason="this system does not show processes as files")
def test_a_waiting_run_shows_no_token_in_its_title_and_gives_none_to_its_children(tmp_path: Path) -> None:
    """The embedded emulator is a child of the run: it gets neither the token nor a command line with it."""
    folder = project(tmp_path)
    environ = environment(folder, {"TOLOKA_TOKEN": CANARY})
    command = [str(COMMAND), "-v", "apply"]
    running = subprocess.Popen(
        [*command, "--auto-approve"], cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    titles: set[bytes] = set()
    environs: dict[int, bytes] = {}
    while running.poll() is None:
        for pid in descendants(running.pid):
            titles.add(title_of(pid))
            # The newest reading counts: between fork and exec a child still shows its parent's environment.
            environs[pid] = environ_of(pid) or environs.get(pid, b"")
        time.sleep(0.005)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    del environs[running.pid]
    assert any(b"--stop-with-stdin" in title for title in titles), "the embedded emulator was never seen"
    assert [title for title in titles if leaked(title)] == []
    assert environs
    assert [pid for pid, given_to in environs.items() if leaked(given_to)] == []
    assert leaked(out + err) == []
    assert leaks_below(folder) == []


@pytest.mark.skipif(not have_proc(), reason="this system does not show processes as files")
def test_a_keyring_command_is_run_with_the_configs_own_words_and_what_it_prints_is_not_shown(tmp_path: Path) -> None:
    folder = project(tmp_path)
    script = "import os; print('AQAD-keyring'); open(os.environ['SEEN'], 'wb').write(open('/proc/self/cmdline', 'rb').read())"
    (folder / "bonusctl.yaml").write_text(
        "version: 1\nproviders:\n  toloka:\n    type: toloka\n    environment: sandbox\n"
        f"    endpoint: http://127.0.0.1:9\n    token_command: {json.dumps([sys.executable, '-c', script])}\n"
    )
    ended = bonusctl(folder, "-v", "doctor", environ={"SEEN": str(tmp_path / "seen")})
    assert "AQAD-keyring" not in ended.out + ended.err
    assert (tmp_path / "seen").read_bytes().split(b"\0")[1:3] == [b"-c", script.encode()]
