"""What the benchmarks read: specs in every form, and states in which as many bonuses were issued.

The bonuses are the same in each form: number N has the same worker, assignment, amount and texts in YAML, CSV, JSONL
and in the server's list. What takes long to make is kept in `.bench/`, in a folder named after this file's content and
that of the state's own form, so that a second run finds it and a changed builder never does.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from benchmarks.bench import ROOT, Bench

CAMPAIGN: Final = "bench"
TEN: Final = "ten"
"""A campaign of ten bonuses that every state holds beside the large one."""
TITLE: Final = "Great work!"
AT_MS: Final = 1_700_000_000_000
COMMITTED: Final = 2_000
_FORM: Final = ("made.py", "issued.py")
# What a state of one form says stands in these; every other file of the state's must read what older ones wrote.
_STATE: Final = ("schema.py", "events.py", "coding.py", "chain.py")

PROVIDER: Final = """\
version: 1
specs: {form}/
state: state/bonusctl.db
providers:
  toloka: {{type: toloka, environment: sandbox}}
"""
DATA_SPEC: Final = """\
version: 1
campaign: bench
provider: toloka
bonuses:
  - from: rows.{suffix}
    fields: {{assignment_id: assignment_id, public_title: public_title, public_message: public_message}}
"""


def recipient(number: int) -> str:
    """Who is paid."""
    return f"{number:032x}"


def assignment(number: int) -> str:
    """What for."""
    return f"00001092da--{number:024x}"


def amount(number: int) -> str:
    """How much, in USD."""
    return f"{number % 50 + 1}.{number % 100:02d}"


def message(number: int) -> str:
    """What the worker reads."""
    return f"You completed {number % 40} tasks of this week"


# --- specs -----------------------------------------------------------------------------------------------------------


def write_yaml(folder: Path, bonuses: range, campaign: str = CAMPAIGN) -> None:
    """A spec of full entries: title, message and comment of their own."""
    with (folder / f"{campaign}.yaml").open("w") as file:
        file.write(f"version: 1\ncampaign: {campaign}\nprovider: toloka\nbonuses:\n")
        for number in bonuses:
            file.write(
                f"  - user_id: {recipient(number)}\n"
                f"    assignment_id: {assignment(number)}\n"
                f"    amount: {amount(number)}\n"
                f"    public_title: {{EN: {TITLE}}}\n"
                f'    public_message: {{EN: "{message(number)} in time, thank you."}}\n'
                f"    private_comment: week 47, batch {number % 200}\n"
            )


def write_csv(folder: Path, bonuses: range) -> None:
    """A short spec, and a row for each bonus in a CSV file beside it."""
    (folder / "bench.yaml").write_text(DATA_SPEC.format(suffix="csv"))
    with (folder / "rows.csv").open("w") as file:
        file.write("user_id,assignment_id,amount,public_title,public_message\n")
        for number in bonuses:
            file.write(f"{recipient(number)},{assignment(number)},{amount(number)},{TITLE},{message(number)}\n")


def write_jsonl(folder: Path, bonuses: range) -> None:
    """The same with JSONL."""
    (folder / "bench.yaml").write_text(DATA_SPEC.format(suffix="jsonl"))
    with (folder / "rows.jsonl").open("w") as file:
        for number in bonuses:
            row = {"user_id": recipient(number), "assignment_id": assignment(number), "amount": amount(number)}
            file.write(json.dumps({**row, "public_title": TITLE, "public_message": message(number)}) + "\n")


FORMS: Final[dict[str, Callable[[Path, range], None]]] = {"yaml": write_yaml, "csv": write_csv, "jsonl": write_jsonl}


# --- whole projects --------------------------------------------------------------------------------------------------


def project(bench: Bench, items: int, *forms: str) -> Path:
    """The kept folder of a project with so many bonuses, all issued, and a config for each of `forms`.

    `bonusctl --config FORM.yaml plan` has nothing to do there; the form `ten` is the campaign of ten alone. Nobody may
    write to it: who needs a state to write to takes `copy_of_state`.
    """
    folder = kept(bench) / str(items)
    state_of(bench, items)
    for form in forms:
        if (folder / f"{form}.yaml").exists():
            continue
        (folder / form).mkdir(exist_ok=True)
        if form == TEN:
            write_yaml(folder / form, range(10), TEN)
        else:
            FORMS[form](folder / form, range(items))
        # Last, so that what was broken off is made again.
        (folder / f"{form}.yaml").write_text(PROVIDER.format(form=form))
    return folder


def state_of(bench: Bench, items: int) -> Path:
    """The kept state in which so many bonuses were issued. A larger one goes on from a copy of a smaller."""
    from benchmarks.issued import extend

    path = kept(bench) / str(items) / "state" / "bonusctl.db"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.parent / "making" / path.name
    shutil.rmtree(making.parent, ignore_errors=True)
    making.parent.mkdir()
    done = items // 10 if items >= 10_000 else 0
    if done:
        shutil.copyfile(state_of(bench, done), making)
        making.chmod(0o600)
    extend(making, range(done, items))
    making.rename(path)
    shutil.rmtree(making.parent)
    return path


def copy_of_state(bench: Bench, items: int, folder: Path) -> None:
    """A copy of a kept state, as the state of the project in `folder`."""
    (folder / "state").mkdir(parents=True, exist_ok=True)
    shutil.copy(state_of(bench, items), folder / "state" / "bonusctl.db")


def kept(bench: Bench) -> Path:
    """The folder for what this builder made."""
    sources = [Path(__file__).with_name(name) for name in _FORM]
    sources += [ROOT / "reconcile" / "state" / name for name in _STATE]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    return bench.kept / digest[:16]


# --- the server's side -----------------------------------------------------------------------------------------------


def listed_file(bench: Bench, items: int) -> Path:
    """What the server lists as issued: the bonuses of the state of so many, as JSONL."""
    from benchmarks.issued import listed

    path = kept(bench) / f"listed-{items}.jsonl"
    if not path.exists():
        _write_lines(path, listed(range(items)))
    return path


def bodies_file(bench: Bench, items: int, batch: int) -> Path:
    """The requests that pay so many bonuses in batches: a line is a target, a tab and the body, as bonusctl sends it."""
    from benchmarks.issued import requests

    path = kept(bench) / f"bodies-{items}-{batch}.txt"
    if not path.exists():
        _write_lines(path, requests(items, batch))
    return path


def _write_lines(path: Path, lines: Iterator[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_suffix(".making")
    with making.open("w") as file:
        file.writelines(f"{line}\n" for line in lines)
    making.rename(path)
