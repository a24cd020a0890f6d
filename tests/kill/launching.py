"""A project's folder and the real command in it, started by a launcher that can end or stop it at any of its points."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, NamedTuple

from reconcile.model import PaymentStatus
from reconcile.state.reader import open_reader
from reconcile.state.verify import verify_file_in_full
from tests.support.emulator import EmulatorProcess

ROOT = Path(__file__).parents[2]
ENVIRON = {"PATH": os.environ["PATH"], "NO_COLOR": "1", "TOLOKA_TOKEN": "kill-test", "USER": "ann"}

CONFIG = """\
version: 1
providers:
  toloka:
    type: toloka
    environment: {environment}
    endpoint: {endpoint}
    concurrency: {concurrency}
    settle_window: 1
    daily_request_limit: 1000000
{mode}policies:
  allow_top_up: true
"""


class Ended(NamedTuple):
    """A command that has ended, or was stopped: exit code (negative: the signal), output, and the points it reached."""

    code: int
    stopped: bool
    out: str
    err: str
    points: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """The document on standard output."""
        found: dict[str, Any] = json.loads(self.out)
        return found


class Runner(NamedTuple):
    """A command under way."""

    pid: int
    launcher: "Launcher"
    folder: Path

    def wait(self) -> Ended:
        """Wait until it has ended, or was stopped."""
        told = self.launcher.order({"do": "wait", "pid": self.pid})
        out, err, points = (self.folder / name for name in ("out", "err", "points"))
        lines = points.read_text().splitlines() if points.exists() else []
        return Ended(told["code"], told["stopped"], out.read_text(), err.read_text(), tuple(lines))

    def send(self, number: int) -> None:
        """A signal from outside."""
        os.kill(self.pid, number)


class Launcher:
    """The process that forks the commands. Use it as a context manager."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._numbers = count(1)

    def __enter__(self) -> "Launcher":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.launcher"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(60)

    def order(self, order: dict[str, Any]) -> dict[str, Any]:
        """Give an order, and read what came of it."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def start(
        self,
        project: "Project",
        *arguments: str,
        at: int = 0,
        prefix: str | tuple[str, ...] = "",
        action: str = "SIGKILL",
    ) -> Runner:
        """Start a command in a project. `at`: the point, of those whose names begin with `prefix`, at which `action` befalls it: a
        signal, or a breakage of the disk (`tests.kill.launcher`). 0: never.
        """
        folder = project.folder / f".run-{next(self._numbers)}"
        folder.mkdir()
        order = {
            "do": "start",
            "folder": str(project.folder),
            "environ": ENVIRON | project.environ | {"HOME": str(project.folder)},
            "arguments": arguments,
            "number": at,
            "prefix": [prefix] if isinstance(prefix, str) else prefix,
            "action": action,
            **{name: str(folder / name) for name in ("out", "err", "points")},
        }
        return Runner(self.order(order)["pid"], self, folder)


class Project:
    """A folder with a config and one campaign, paid at an emulator. `mode`: further lines of its provider.

    `asked` are the amounts by worker, as the spec has them; `environ` is added to a command's environment.
    """

    config: ClassVar[str] = CONFIG
    keys: ClassVar[dict[str, str]] = {}

    def __init__(
        self,
        folder: Path,
        launcher: Launcher,
        emulator: EmulatorProcess,
        mode: str = "",
        *,
        environment: str = "sandbox",
        concurrency: int = 2,
        endpoint: str = "",
    ) -> None:
        self.folder = folder
        self.launcher = launcher
        self.emulator = emulator
        self.asked: dict[str, str] = {}
        self.environ = dict(self.keys)
        (folder / "specs").mkdir(parents=True)
        config = self.config.format(
            endpoint=endpoint or emulator.endpoint, mode=mode, environment=environment, concurrency=concurrency
        )
        (folder / "bonusctl.yaml").write_text(config)

    def ask(self, campaign: str = "c", **amounts: str) -> None:
        """A campaign asks for these, and no others."""
        self.asked |= amounts
        rows = "".join(f"  - {{user_id: {name}, amount: {amount}}}\n" for name, amount in amounts.items())
        text = f"version: 1\ncampaign: {campaign}\nprovider: toloka\nbonuses:\n{rows}"
        (self.folder / "specs" / f"{campaign}.yaml").write_text(text)

    def start(
        self, *arguments: str, at: int = 0, prefix: str | tuple[str, ...] = "", action: str = "SIGKILL"
    ) -> Runner:
        """Start a command."""
        return self.launcher.start(self, *arguments, at=at, prefix=prefix, action=action)

    def run(self, *arguments: str, at: int = 0, prefix: str | tuple[str, ...] = "", action: str = "SIGKILL") -> Ended:
        """Run a command to its end, whatever that is."""
        return self.start(*arguments, at=at, prefix=prefix, action=action).wait()

    def expect(self, code: int, *arguments: str) -> Ended:
        """Run a command that ends with this exit code."""
        done = self.run(*arguments)
        assert done.code == code, f"{arguments}: exit {done.code}\n{done.out}\n{done.err}"
        return done

    def apply(self, code: int = 0) -> Ended:
        """The apply that recovers from whatever was before."""
        return self.expect(code, "apply", "--auto-approve", "--format", "json")

    def assert_true(self) -> None:
        """Each bonus was paid once, and the state says the same, payment by payment."""
        remote = self.emulator.payments()
        assert Counter((row["user_id"], row["amount"]) for row in remote) == Counter(self.asked.items())
        assert_state(self.folder / "state" / "bonusctl.db", remote)


def assert_state(state: Path, remote: Iterable[Mapping[str, Any]]) -> None:
    """The state, read here and not by one more process: its journal, tables and sums are sound, and all that it knows of is
    issued, each payment with the amount and id of the provider's own list (`remote`).
    """
    assert verify_file_in_full(state).sound
    with open_reader(state) as reader:
        assert reader is not None
        payments = [payment for one in reader.ledgers() for payment in reader.all_payments(one.ledger)]
    assert {payment.status for payment in payments} == {PaymentStatus.ISSUED}
    assert Counter((one.recipient, one.amount, one.remote_id) for one in payments) == Counter(
        (row["user_id"], Decimal(row["amount"]), row["id"]) for row in remote
    )
