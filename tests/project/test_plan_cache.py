"""A large plan with nothing to do is remembered, and recognised only where all that it was made of is the same."""

import ast
import os
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

import reconcile
from reconcile import identity
from reconcile.model import Account, Identity
from reconcile.plan.model import Plan
from reconcile.project import plan_cache
from reconcile.project.config import Project, load_project
from reconcile.project.plan_cache import PlanCache
from reconcile.project.planning import plan_again, plan_now
from reconcile.project.specs import choose
from reconcile.spec.files import DataFile
from reconcile.state.events import AccountBound, AdoptedPayment, PaymentsAdopted, RunStarted
from reconcile.state.lock import Holder, acquire
from reconcile.state.sqlite import open_ledger

AT_MS = 1_700_000_000_000
DAY_MS = 86_400_000
CONFIG = "version: 1\nproviders:\n  toloka: {type: toloka, environment: sandbox}\n"
SPEC = "version: 1\ncampaign: w47\nprovider: toloka\nbonuses:\n  - from: data/rows.csv\n"
ROWS = "user_id,amount\nann,1.00\nbob,1.00\n"


class Now:
    """A clock that stands."""

    def __init__(self, ms: int = AT_MS) -> None:
        self.ms = ms

    def now_ms(self) -> int:
        return self.ms

    def boottime_ms(self) -> int:
        return self.ms

    def boot_id(self) -> str:
        return "boot"


def adopt(path: Path, *recipients: str) -> None:
    """One more run, which finds 1.00 issued to each."""
    lock = acquire(path, Holder(pid=os.getpid(), host="h", command="c", since_ms=0), timeout_s=0)
    with open_ledger(path, lock=lock, lineage="00000000-0000-4000-8000-000000000001", at_ms=AT_MS) as ledger:
        run = f"00000000-0000-4000-8000-{ledger.epoch + 1:012}"
        events: list[object] = [
            RunStarted(
                run_id=run,
                epoch=ledger.epoch + 1,
                command="refresh",
                actor="a",
                host="h",
                git_commit="",
                version="0",
                at_ms=AT_MS,
            )
        ]
        if not ledger.ledgers():
            account = Account("toloka", "sandbox", "r1")
            events.append(AccountBound(ledger=1, account=account, name="r", currency="USD", at_ms=AT_MS))
        ledger.commit(events)  # type: ignore[arg-type]
        payments = tuple(
            adopted(number, recipient) for number, recipient in enumerate(recipients, ledger.head().sequence)
        )
        ledger.commit([PaymentsAdopted(ledger=1, payments=payments, at_ms=AT_MS)])
    lock.release()


def adopted(number: int, recipient: str) -> AdoptedPayment:
    bonus = Identity("", "w47", recipient, "", "")
    return AdoptedPayment(
        payment_id=identity.payment_id(bonus.bonus_id, 1), sequence=1, bonus=bonus, campaign="w47", key="", recipient=recipient,
        assignment_id="", amount=Decimal("1.00"), remote_id=str(number), created_ms=AT_MS, texts=(),
    )  # fmt: skip


class Folder:
    """A project whose two bonuses are issued, and a cache folder beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root / "project"
        self.cache = root / "cache"
        self.environ = {"HOME": str(root), "XDG_CACHE_HOME": str(self.cache)}
        self.clock = Now()
        (self.root / "specs/data").mkdir(parents=True)
        (self.root / "state").mkdir()
        (self.root / "bonusctl.yaml").write_text(CONFIG)
        (self.root / "specs/w47.yaml").write_text(SPEC)
        self.rows = self.root / "specs/data/rows.csv"
        self.rows.write_text(ROWS)
        self.state = self.root / "state/bonusctl.db"
        adopt(self.state, "ann", "bob")

    def project(self) -> Project:
        found = load_project(folder=self.root, config=self.root / "bonusctl.yaml", environ=self.environ)
        return replace(found, clock=self.clock)

    def plan(self) -> Plan:
        return plan_again(choose(self.project()))

    def found(self) -> Plan | None:
        return PlanCache(choose(self.project())).find()

    @property
    def entry(self) -> Path:
        (entry,) = (self.cache / "bonusctl/plans").iterdir()
        return entry


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Small and new files are remembered, too."""
    monkeypatch.setattr(plan_cache, "KEPT_BYTES_MIN", 0)
    monkeypatch.setattr(plan_cache, "SETTLED_NS", -3_600_000_000_000)
    return Folder(tmp_path)


def test_the_same_plan_is_found_again(folder: Folder) -> None:
    made = folder.plan()
    assert (made.unchanged, len(made.changes)) == (2, 0)
    assert folder.found() == made == plan_now(choose(folder.project()))


def test_the_same_bytes_in_new_files_are_the_same(folder: Folder) -> None:
    """A checkout that wrote the file again."""
    made = folder.plan()
    folder.rows.unlink()
    folder.rows.write_text(ROWS)
    assert folder.found() == made


def _append(path: str, text: str) -> Callable[[Folder], None]:
    def change(folder: Folder) -> None:
        with (folder.root / path).open("a") as file:
            file.write(text)

    return change


def _same_size_and_time(folder: Folder) -> None:
    status = folder.rows.stat()
    folder.rows.write_text(ROWS.replace("bob,1.00", "bob,1.01"))
    os.utime(folder.rows, ns=(status.st_atime_ns, status.st_mtime_ns))


def _another_day(folder: Folder) -> None:
    folder.clock.ms += DAY_MS


def _variable(folder: Folder) -> None:
    folder.environ["BONUSCTL_ALLOW_ENDPOINT"] = "https://toloka.example"


def _restored_state(folder: Folder) -> None:
    copy = folder.state.read_bytes()
    folder.state.unlink()
    folder.state.write_bytes(copy)


def _altered_state(folder: Folder) -> None:
    """Not by an event: a byte is written over itself."""
    with folder.state.open("r+b") as file:
        byte = file.read(1)
        file.seek(0)
        file.write(byte)


@pytest.mark.parametrize(
    "change",
    [
        _append("bonusctl.yaml", "# more\n"),
        _append("specs/w47.yaml", "# more\n"),
        _append("specs/data/rows.csv", "cid,1.00\n"),
        _append("specs/more.yaml", SPEC.replace("data/rows.csv", "data/none.csv")),
        _append("state/bonusctl.db-journal", "x"),
        _same_size_and_time,
        _another_day,
        _variable,
        _restored_state,
        _altered_state,
        lambda folder: adopt(folder.state, "dan"),
        lambda folder: folder.rows.unlink(),
        lambda folder: folder.state.unlink(),
    ],
)  # fmt: skip
def test_whatever_changes_the_plan_is_made_anew(folder: Folder, change: Callable[[Folder], None]) -> None:
    """Config, a spec, data (also of the same size and time), a further spec, the state by an event or in its file, the day, a
    variable.
    """
    folder.plan()
    assert folder.found() is not None
    change(folder)
    assert folder.found() is None


def test_another_program_believes_nothing_of_it(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.plan()
    monkeypatch.setattr(plan_cache, "__version__", "9.9.9")
    assert folder.found() is None


def test_another_folder_to_stand_in_shows_other_paths(folder: Folder) -> None:
    folder.plan()
    moved = replace(folder.project(), folder=folder.root / "specs")
    assert PlanCache(choose(moved)).find() is None


def _become_a_pipe(entry: Path) -> None:
    entry.unlink()
    os.mkfifo(entry, 0o600)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda entry: entry.write_bytes(entry.read_bytes().replace(b'"unchanged": 2', b'"unchanged": 3')),
        lambda entry: entry.write_bytes(entry.read_bytes()[:-1]),
        lambda entry: entry.write_bytes(b""),
        lambda entry: entry.write_bytes(entry.read_bytes() + b" " * (1 << 20)),
        lambda entry: entry.chmod(0o644),
        lambda entry: entry.parent.chmod(0o755),
        lambda entry: (entry.rename(entry.with_name("moved")), entry.symlink_to("moved")),
        _become_a_pipe,
    ],
)
def test_a_spoiled_entry_is_no_entry(folder: Folder, spoil: Callable[[Path], object]) -> None:
    """Damaged, cut off, too large, open to others, in a folder that is, a link, a pipe."""
    folder.plan()
    spoil(folder.entry)
    assert folder.found() is None
    assert folder.plan().unchanged == 2


def test_another_users_entry_is_no_entry(folder: Folder) -> None:
    folder.plan()
    if os.geteuid() != 0:
        pytest.skip("only root may give files away")
    os.chown(folder.entry, 12_345, -1)
    assert folder.found() is None


def test_an_entry_is_its_owners_alone(folder: Folder) -> None:
    folder.plan()
    assert (folder.entry.stat().st_mode & 0o777, folder.entry.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_nothing_in_the_working_tree_is_believed(folder: Folder) -> None:
    """Where the cache folder lies in the project, it is neither read nor written: a commit could hold it."""
    folder.plan()
    inside = folder.root / "cache"
    os.renames(folder.cache, inside)
    folder.environ["XDG_CACHE_HOME"] = str(inside)
    assert folder.found() is None
    git = folder.root.parent / ".git"
    git.mkdir()
    folder.environ["XDG_CACHE_HOME"] = str(folder.root.parent / "beside")
    assert folder.plan().unchanged == 2
    assert not (folder.root.parent / "beside").exists()


@pytest.mark.parametrize(
    "prepare",
    [
        _append("specs/data/rows.csv", "cid,1.00\n"),
        lambda folder: folder.rows.write_text("user_id,amount\nann,1.00\n"),
        lambda folder: folder.rows.write_text("user_id,amount,key\nann,1.00,\nbob,1.00,\n"),
        lambda folder: folder.environ.update(BONUSCTL_PLAN_CACHE="off"),
        lambda folder: folder.environ.update(XDG_CACHE_HOME="cache"),
    ],
)
def test_only_a_clean_plan_is_kept(folder: Folder, prepare: Callable[[Folder], object]) -> None:
    """A payment, an orphan, a warning; on request nothing is; no folder is made below where somebody stands."""
    prepare(folder)
    folder.plan()
    assert not folder.cache.exists()


def test_files_that_changed_lately_are_not_kept(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second change within the same tick of the clock would not show."""
    monkeypatch.setattr(plan_cache, "SETTLED_NS", 2_000_000_000)
    folder.plan()
    assert not folder.cache.exists()


def test_small_plans_are_not_kept(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_cache, "KEPT_BYTES_MIN", 4 << 20)
    folder.plan()
    assert not folder.cache.exists()


@pytest.mark.parametrize("name", ["bonusctl.yaml", "specs/w47.yaml", "specs/data/rows.csv", "state/bonusctl.db"])
def test_a_file_that_changes_while_it_is_planned_is_noticed(folder: Folder, name: str) -> None:
    """Between its reading and the look at its bytes."""
    chosen, met = choose(folder.project()), list[DataFile]()
    cache = PlanCache(chosen)
    plan = plan_now(chosen, met)
    with (folder.root / name).open("ab") as file:
        file.write(b"\n")
    cache.keep(plan, met)
    assert not folder.cache.exists()


def test_a_folder_that_cannot_be_written_fails_nothing(folder: Folder) -> None:
    folder.cache.write_text("no folder")
    assert folder.plan().unchanged == 2


def test_only_plan_asks_for_a_remembered_plan() -> None:
    """apply, and whatever else could pay, makes its own."""
    root = Path(reconcile.__file__).parent
    asking = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ImportFrom) and {"plan_again", "PlanCache"} & {alias.name for alias in node.names}
    }
    assert asking == {"project/planning.py", "cli/commands/plan.py"}
