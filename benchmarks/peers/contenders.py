"""Who pays: a label, the command to run, and how to read what it says."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.peers.stories import AMOUNT, Bonus
from reconcile.emulator.options import MTURK_ACCESS_KEY, MTURK_SECRET_KEY

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
KEPT: Final = "kept"

CONFIG: Final = """\
version: 1
state: kept/bonusctl.db
providers:
  {platform}:
    type: {platform}
    environment: sandbox
    endpoint: {endpoint}
    concurrency: 1
{more}"""
# One request at a time, so that a story is the same each time. An operation is waited for less long than a job may last.
_MORE: Final = {
    "toloka": "    operation_timeout: 5\n",
    "toloka-batch": "    operation_timeout: 5\n    batch_size: 100\n",
    "mturk": "",
}
_FIELDS: Final = {
    "toloka": "{{user_id: {recipient}, amount: {amount}}}",
    "mturk": "{{worker_id: {recipient}, assignment_id: {assignment}, amount: {amount}, reason: Perfect job!}}",
}


class Contender(NamedTuple):
    """A way of paying. `style` is the script's, or bonusctl's mode; `note` says what it stands for."""

    key: str
    label: str
    platform: str
    tool: str
    style: str
    note: str


class Pythons(NamedTuple):
    """The interpreters: this one, for bonusctl and boto3, and the one that has toloka-kit ("" without it)."""

    here: str
    kit: str


def _kit(style: str, label: str, note: str) -> Contender:
    return Contender(f"kit-{style}", f"toloka-kit, {label}", "toloka", "toloka-kit", style, note)


def _boto(style: str, label: str, note: str) -> Contender:
    return Contender(f"boto-{style}", f"boto3, {label}", "mturk", "boto3", style, note)


CONTENDERS: Final = (
    _kit("plain", "loop", "`create_user_bonus` in a loop; an error ends it, it is run again"),
    _kit("retry", "loop with retry", "the same with `try` and `except`, three rounds of what failed"),
    _kit("batch", "one list", "`create_user_bonuses` with all of them"),
    _kit("async", "asynchronous", "`create_user_bonuses_async`, `wait_operation`, and the log"),
    _kit("async-id", "asynchronous, kept id", "the same with an `operation_id` in a file, written before the call"),
    _kit("done", "file of the paid", "a loop that skips who stands in a file of those who were paid"),
    _kit("sync", "synchronous, id and file", "the next one with `async_mode=False`"),
    _kit(
        "row-id",
        "id of the row and file (best case)",
        "the loop with the file, and `operation_id=uuid5(…, row)`: what a careful author writes",
    ),
    Contender("ours-toloka", "**bonusctl**", "toloka", "bonusctl", "toloka", "its defaults"),
    Contender(
        "ours-batch",
        "**bonusctl**, batches",
        "toloka",
        "bonusctl",
        "toloka-batch",
        "`batch_size: 100`, with a state that is an hour old",
    ),
    _boto("loop", "loop", "`send_bonus` in a loop, no token; an error ends it, it is run again"),
    _boto("retry", "loop with retry", "the same with `try` and `except`, three rounds of what failed"),
    _boto("done", "file of the paid", "a loop that skips who stands in a file of those who were paid; no token"),
    _boto("token", "token of the row", "`UniqueRequestToken` from the row; a repeated token counts as paid"),
    _boto("token-done", "token and file", "the same, and the file of the paid"),
    _boto(
        "token-list",
        "token, file and list (best case)",
        "the same, and `ListBonusPayments` before each send: what a careful author writes",
    ),
    Contender("ours-mturk", "**bonusctl**", "mturk", "bonusctl", "mturk", "its defaults"),
)


def contender(key: str) -> Contender:
    """The contender of this key."""
    return next(one for one in CONTENDERS if one.key == key)


def prepare(who: Contender, folder: Path, endpoint: str, rows: list[Bonus]) -> None:
    """Write what it starts from: a JSON list, or a config and a spec. What it writes itself goes below `KEPT`."""
    (folder / KEPT).mkdir()
    listed = [[bonus.recipient, bonus.assignment_id, AMOUNT] for bonus in rows]
    (folder / "bonuses.json").write_text(json.dumps(listed))
    if who.tool != "bonusctl":
        return
    (folder / "specs").mkdir()
    config = CONFIG.format(platform=who.platform, endpoint=endpoint, more=_MORE[who.style])
    (folder / "bonusctl.yaml").write_text(config)
    head = f"version: 1\ncampaign: week-47\nprovider: {who.platform}\n"
    titles = "defaults: {public_title: {EN: Perfect job!}}\n" if who.platform == "toloka" else ""
    form = _FIELDS[who.platform]
    lines = "".join(
        f"  - {form.format(recipient=bonus.recipient, assignment=bonus.assignment_id, amount=AMOUNT)}\n"
        for bonus in rows
    )
    (folder / "specs" / "week-47.yaml").write_text(f"{head}{titles}bonuses:\n{lines}")


def command(who: Contender, pythons: Pythons, folder: Path, endpoint: str, later_ms: int) -> list[str]:
    """The command that pays, `later_ms` after the story began."""
    match who.tool:
        case "toloka-kit":
            script = [pythons.kit, str(HERE / "kit_script.py")]
        case "boto3":
            script = [pythons.here, str(HERE / "boto_script.py")]
        case _:
            # What has to be waited for is left to the next run, as in the scripts: stories tell how much later that is.
            return [*_bonusctl(pythons, folder, later_ms), "apply", "--auto-approve", "--wait", "0", "--format", "json"]
    return [*script, who.style, endpoint, str(folder / "bonuses.json"), str(folder / KEPT)]


def first_of_all(who: Contender, pythons: Pythons, folder: Path) -> list[str]:
    """A command that is run an hour before the story, when all is well; empty for most.

    Batches are sent by a state that is older than a settle window, and by no other: a team that uses them has one.
    """
    return [*_bonusctl(pythons, folder, 0), "refresh"] if who.style == "toloka-batch" else []


def environment(folder: Path) -> dict[str, str]:
    """What each process finds around it: nothing of the caller's but the search path."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        "TOLOKA_TOKEN": "any",
        "AWS_ACCESS_KEY_ID": MTURK_ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": MTURK_SECRET_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def said(who: Contender, pythons: Pythons, folder: Path, output: str, later_ms: int) -> dict[str, str]:
    """By recipient, its last word in the end: `paid`, `failed` or `unknown`. Who is missing was not spoken of."""
    if who.tool != "bonusctl":
        lines = (line.split() for line in output.splitlines())
        return {words[1]: words[0] for words in lines if len(words) == 2 and words[0] in ("paid", "failed")}
    shown = subprocess.run(
        [*_bonusctl(pythons, folder, later_ms), "state", "list", "--format", "json"],
        env=environment(folder),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    words = {"issued": "paid", "in_doubt": "unknown", "rejected": "failed", "planned": "failed"}
    listed = json.loads(shown.stdout or '{"bonuses": []}')["bonuses"]
    return {row["recipient"]: words[row["status"]] for row in listed} | _doubts(output)


def _doubts(output: str) -> dict[str, str]:
    """Whom the last report calls in doubt: it knows of payments at the provider that the state cannot place."""
    decoder, position = json.JSONDecoder(), 0
    report: dict[str, Any] = {"left": []}
    while position < len(output):
        document, position = decoder.raw_decode(output, position)
        position += len(output[position:]) - len(output[position:].lstrip())
        report = document if "left" in document else report
    return {row["address"].split("/")[1]: "unknown" for row in report["left"] if row["reason"] == "in_doubt"}


def _bonusctl(pythons: Pythons, folder: Path, later_ms: int) -> list[str]:
    return [pythons.here, "-m", "benchmarks.peers.later", str(later_ms), "-C", str(folder)]
