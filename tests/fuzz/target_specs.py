"""Specs, their data files and the config, through `validate` and `plan`."""

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from tests.fuzz.target import Target, command, in_turn
from tests.fuzz.trees import HOSTILE, edited

ROOT: Final = Path(__file__).parents[2]
TEMPLATES: Final = ROOT / "reconcile" / "scaffold" / "files"
BROKEN_SPECS: Final = ROOT / "tests" / "spec" / "broken"
BROKEN_CONFIGS: Final = ROOT / "tests" / "config" / "broken"

CONFIG: Final = """\
version: 1
providers:
  toloka: {type: toloka, environment: emulator, fee_percent: 0}
  roubles: {type: toloka, environment: yandex, account: a1}
policies:
  USD: {max_bonus: 5.00, max_plan_total: 100.00, allow_top_up: true}
  RUB: {max_bonus: 500.00}
"""
RICH: Final[Any] = {
    "version": "1",
    "campaign": "week-47",
    "provider": "toloka",
    "budget": "20.00",
    "allow": ["repeat"],
    "formerly": "week-46",
    "defaults": {"public_title": {"EN": "Thanks"}, "public_message": {"EN": "{tasks} tasks"}, "vars": {"tasks": "3"}},
    "bonuses": [
        {"user_id": "w1", "assignment_id": "a1", "amount": "1.00", "vars": {"tasks": "12"}},
        {"user_id": "w2", "key": "q", "amount": "0.80", "private_comment": "well done", "formerly": {"key": "~"}},
        {"user_id": "w3", "amount": "0.005", "without_message": "true", "allow": ["repeat"]},
        {"from": "data/a.csv", "fields": {"user_id": "worker", "amount": "usd"}},
    ],
}
TABLE: Final = "worker,usd,tasks\nw7,1.00,3\nw8,0.50,1\nw9,2.00,4\n"
ROWS: Final[Any] = [
    {"worker": "w7", "usd": "1.00", "tasks": 3},
    {"worker": "w8", "usd": 0.5, "tasks": "one"},
    {"worker": "w9", "usd": "2", "tasks": None},
]
RICH_CONFIG: Final[Any] = {
    "version": "1",
    "project": "vision",
    "specs": ["specs/"],
    "state": "state/bonusctl.db",
    "providers": {
        "toloka": {
            "type": "toloka", "environment": "sandbox", "account": "566e", "token_env": "TOLOKA_TOKEN", "mode": "sync",
            "batch_size": "10", "skip_invalid_items": "false", "concurrency": "4", "timeout": "30", "settle_window": "900",
            "operation_timeout": "600", "daily_request_limit": "10000", "fee_percent": "20",
        },
        "two": {"type": "toloka", "environment": "emulator", "endpoint": "http://127.0.0.1:8765"},
    },
    "policies": {
        "max_bonus": "5.00", "max_per_recipient": "50.00", "max_plan_total": "1000.00", "max_plan_bonuses": "5000",
        "require_assignment": "false", "allow_top_up": "true", "outliers": "warn",
    },
}  # fmt: skip


def files(*folders: Path, suffixes: Sequence[str]) -> list[bytes]:
    """The bytes of every file with one of these endings."""
    found = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in suffixes]
    return [path.read_bytes() for path in found if path.is_file()]


def as_yaml(value: Any) -> bytes:
    """JSON is YAML; what is no Unicode goes out as somebody's editor would write it."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "replace")


class InProject(Target):
    """A target in a project's folder: a config, one spec, its table."""

    count = 0

    def prepare(self) -> None:
        os.chdir(self.folder)
        for folder in ("specs/data", "state"):
            Path(folder).mkdir(parents=True, exist_ok=True)
        self.write("bonusctl.yaml", CONFIG.encode())
        self.write("specs/data/a.csv", TABLE.encode())
        self.write("specs/w.yaml", as_yaml(RICH))

    def write(self, name: str, data: bytes) -> None:
        Path(name).write_bytes(data)

    def look(self) -> bool:
        """Validate and plan, each time in another format."""
        self.count += 1
        checked = command("validate", "--format", in_turn(self.count, "json", "text", "github"))
        planned = command("plan", "--format", in_turn(self.count, "json", "text", "markdown", "html"))
        # A plan may be refused where the specs are sound: by a policy. Never the other way round.
        assert checked.code == 0 or planned.code == 1, "an invalid spec was planned"
        return checked.code == 0


class Specs(InProject):
    """A spec of any bytes."""

    def corpus(self) -> Sequence[bytes]:
        rich = [as_yaml(RICH), (TEMPLATES / "example.yaml").read_bytes()]
        return [*rich * 150, *files(BROKEN_SPECS, suffixes=(".yaml", ".yml"))]

    def generate(self) -> st.SearchStrategy[bytes]:
        return edited(RICH).map(as_yaml)

    def take(self, data: bytes) -> bool:
        self.write("specs/w.yaml", data)
        return self.look()


class Tables(InProject):
    """A CSV or TSV of any bytes."""

    name = "a.csv"

    def prepare(self) -> None:
        super().prepare()
        for bonus in (copy := json.loads(json.dumps(RICH)))["bonuses"]:
            if "from" in bonus:
                bonus["from"] = f"data/{self.name}"
        self.write("specs/w.yaml", as_yaml(copy))

    def corpus(self) -> Sequence[bytes]:
        table = TABLE.replace(",", self.separator).encode()
        return [*[table] * 60, *files(BROKEN_SPECS, TEMPLATES, suffixes=(".csv", ".tsv"))]

    @property
    def separator(self) -> str:
        return "\t" if self.name.endswith(".tsv") else ","

    def generate(self) -> st.SearchStrategy[bytes]:
        rows = [line.split(",") for line in TABLE.splitlines()]
        return edited(rows).map(self._written)

    def _written(self, rows: Any) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.separator)
        for row in rows:
            writer.writerow(row if isinstance(row, list) else [row])
        return out.getvalue().encode("utf-8", "replace")

    def take(self, data: bytes) -> bool:
        self.write(f"specs/data/{self.name}", data)
        return self.look()


class TabTables(Tables):
    """A TSV of any bytes."""

    name = "a.tsv"


class Lines(Tables):
    """A JSONL of any bytes."""

    name = "a.jsonl"

    def corpus(self) -> Sequence[bytes]:
        rows = "".join(f"{json.dumps(row)}\n" for row in ROWS).encode()
        return [*[rows] * 60, *files(BROKEN_SPECS, suffixes=(".jsonl",))]

    def generate(self) -> st.SearchStrategy[bytes]:
        lines = edited(ROWS).map(lambda rows: "".join(f"{json.dumps(row)}\n" for row in rows).encode())
        return st.one_of(lines, st.lists(HOSTILE, max_size=3).map(lambda values: json.dumps(values).encode()))


class Configs(InProject):
    """A config of any bytes. Only `validate` runs: it opens no state, whatever path the config names."""

    def corpus(self) -> Sequence[bytes]:
        rich = [as_yaml(RICH_CONFIG), (TEMPLATES / "bonusctl.yaml").read_bytes(), CONFIG.encode()]
        return [*rich * 50, *files(BROKEN_CONFIGS, suffixes=(".yaml",))]

    def generate(self) -> st.SearchStrategy[bytes]:
        return edited(RICH_CONFIG).map(as_yaml)

    def take(self, data: bytes) -> bool:
        self.count += 1
        self.write("bonusctl.yaml", data)
        # Only what its own config says is read: this config may not lead out of this folder.
        return command("validate", "--format", in_turn(self.count, "json", "text", "github")).code == 0
