"""An emulator as a process under a test's control: started, killed and started again on one ledger and one port."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

Json = dict[str, Any]


class EmulatorProcess:
    """`python -m reconcile.emulator` on a ledger. Use it as a context manager, or call `start` and `stop`.

    `options` are the emulator's command-line options without dashes in front: `{"run-ms": 0, "fault": […]}`; a list
    repeats an option. The first start takes a free port, every later one the same.
    """

    def __init__(self, db: Path, options: Mapping[str, object] | None = None) -> None:
        self.db = db
        self.options = dict(options or {})
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """The address, without `/api`."""
        assert self.port, "not started"
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        """The address of Toloka's API."""
        return f"{self.endpoint}/api/v1"

    def start(self) -> "EmulatorProcess":
        """Start it and wait until it answers."""
        assert self.process is None, "already running"
        command = [sys.executable, "-m", "reconcile.emulator", "--db", str(self.db), "--port", str(self.port)]
        command += ["--stop-with-stdin", "true"]
        for name, value in self.options.items():
            for one in value if isinstance(value, list) else [value]:
                command += [f"--{name}", str(one).lower() if isinstance(one, bool) else str(one)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        if not line.startswith("listening on "):
            self.kill()
            raise AssertionError(f"the emulator did not start: {command}")
        self.port = int(line.rsplit(":", 1)[1])
        return self

    def stop(self) -> int:
        """End it as a person would; its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it with SIGKILL, in the middle of whatever it does."""
        return self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        process, self.process = self.process, None
        assert process is not None, "not running"
        os.kill(process.pid, number)
        code = process.wait(30)
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()
        return code

    def __enter__(self) -> "EmulatorProcess":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.kill()

    # --- the control API -------------------------------------------------------------------------------------------

    def ledger(self) -> Json:
        """Everything the emulator knows: accounts, payments, operations, requests, faults, sums."""
        return self._control("ledger")

    def payments(self) -> list[Json]:
        """Every payment made."""
        payments: list[Json] = self.ledger()["payments"]
        return payments

    def mturk_payments(self) -> list[Json]:
        """Every bonus paid at MTurk."""
        payments: list[Json] = self.ledger()["mturk"]["payments"]
        return payments

    def mturk_assignments(self, *rows: Mapping[str, str], account: str = "") -> Json:
        """Register assignments of MTurk: id, worker_id and, unless it follows the rule, hit_id."""
        return self._control(
            "mturk-assignments", {"assignments": list(rows)} | ({"account": account} if account else {})
        )

    def faults(self, faults: Sequence[Mapping[str, object]], *, seed: int = 0) -> Json:
        """Replace the faults in force."""
        return self._control("faults", {"seed": seed, "faults": list(faults)})

    def advance(self, milliseconds: int) -> Json:
        """Move the emulator's clock forward."""
        return self._control("clock", {"advance_ms": milliseconds})

    def set_balance(self, balance: str, *, account: str = "") -> Json:
        """Set an account's balance; "" means the emulator's own account."""
        return self._control("balance", {"balance": balance} | ({"account": account} if account else {}))

    def assignments(self, *rows: Mapping[str, str], account: str = "") -> Json:
        """Register assignments: id, user_id and, unless ACCEPTED, status. "" means the emulator's own account."""
        return self._control("assignments", {"assignments": list(rows)} | ({"account": account} if account else {}))

    def set_options(self, **options: int) -> Json:
        """Change latency_ms, start_ms, run_ms, daily_limit or requests_per_second."""
        return self._control("options", options)

    def _control(self, name: str, given: Mapping[str, object] | None = None) -> Json:
        body = None if given is None else json.dumps(given).encode()
        request = urllib.request.Request(
            f"{self.endpoint}/emulator/{name}", data=body, headers={"Content-Type": "application/json"}
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            result: Json = json.load(answer)
        return result
