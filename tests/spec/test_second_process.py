"""A second process that reads a large data file ahead gives what one process gives, whatever happens to it."""

import os
import signal
from collections.abc import Iterator

import pytest

from reconcile.diagnostics import Diagnostic, Diagnostics
from reconcile.errors import InvalidInput
from reconcile.model import Block, Desired, Texts
from reconcile.spec import pieces, second
from reconcile.spec.document import each, read_blocks
from reconcile.spec.files import spec_files
from reconcile.spec.from_entry import Way
from tests.spec.conftest import HEAD, Project

Found = tuple[list[tuple[Desired, Texts]], list[Diagnostic]]
ENTRY = "    fields: {assignment_id: answer}\n"


@pytest.fixture(autouse=True)
def _small_files_are_large(monkeypatch: pytest.MonkeyPatch, forks: list[int]) -> Iterator[None]:
    """No process that was started here is left. Other tests of this worker may have processes of their own."""
    monkeypatch.setattr(second, "WORTH_BYTES_MIN", 0)
    monkeypatch.setattr(second, "STRIDE_BYTES", 400)
    monkeypatch.setattr(pieces, "PIECE_BYTES", 300)
    yield
    for pid in forks:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that were started."""
    started: list[int] = []
    fork = os.fork

    def noted() -> int:
        pid = fork()
        started.append(pid)
        return pid

    monkeypatch.setattr(os, "fork", noted)
    return started


def write(project: Project, rows: list[str]) -> None:
    project.write("data/a.csv", "user_id,answer,amount,private_comment\n" + "\n".join(rows))
    project.write("w.yaml", f"{HEAD}bonuses:\n  - from: data/a.csv\n{ENTRY}")


def stream(project: Project, cores: int, diagnostics: Diagnostics) -> Iterator[Desired | Block]:
    return read_blocks(
        project.settings(), spec_files(project.settings(), cwd=project.root), diagnostics, Way(cores, [])
    )


def read(project: Project, cores: int) -> Found:
    diagnostics = Diagnostics()
    found = [(one._replace(texts=tuple), one.texts()) for one in each(stream(project, cores, diagnostics))]
    return found, list(diagnostics)


def usual(count: int) -> list[str]:
    return [f"worker-{number},a{number % 7},{number % 3 + 1}.50,Great work!" for number in range(count)]


def put(rows: list[str], at: int, row: str) -> list[str]:
    return [*rows[:at], row, *rows[at:]]


@pytest.mark.parametrize(
    "rows",
    [
        usual(200),
        put(usual(200), 120, "wörker,,1.00,Danke für alles!"),
        put(usual(200), 120, "w/1,,1,5,x"),
        put(usual(200), 120, "worker,a,1e5,x"),
        put(usual(200), 120, ""),
        put(usual(200), 120, 'worker,a,1.00,"two\nlines, and a comma"'),
        put(usual(200), 20, "worker-190,a1,2.50,stands twice"),
        put(usual(200), 120, "worker,a,1.00,a token: Bearer abcdefghijklmnopqrst"),
        put(put(usual(200), 60, "short"), 150, "worker,a,0.00,nothing"),
        usual(4),
        usual(1),
    ],
)
def test_two_processes_give_what_one_gives(project: Project, forks: list[int], rows: list[str]) -> None:
    """The same bonuses with the same ids, places and texts, the same diagnostics, in the same order: of usual rows, and with one
    that needs care, is wrong, is blank, goes over lines, stands twice.
    """
    write(project, rows)
    one = read(project, 1)
    assert not forks
    assert read(project, 2) == one
    assert forks


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_second_process_that_dies_is_done_without(project: Project, forks: list[int], after: int) -> None:
    """Killed after some blocks: this process reads on alone, and nothing is missing or twice."""
    write(project, usual(4_000))
    alone = read(project, 1)
    found = []
    blocks = stream(project, 2, Diagnostics())
    for number, one in enumerate(blocks):
        found += [(bonus._replace(texts=tuple), bonus.texts()) for bonus in each([one])]
        if number == after + 1:
            os.kill(forks[0], signal.SIGKILL)
    assert found == alone[0]


def test_whoever_stops_reading_leaves_no_process(project: Project, forks: list[int]) -> None:
    """An interrupt in the middle: the other process is ended and waited for (the fixture looks)."""
    write(project, usual(4_000))
    blocks = stream(project, 2, Diagnostics())
    with pytest.raises(KeyboardInterrupt):
        _interrupted(blocks)
    del blocks
    assert len(forks) == 1


def _interrupted(blocks: Iterator[Desired | Block]) -> None:
    for number, _ in enumerate(blocks):
        if number == 3:
            blocks.throw(KeyboardInterrupt)  # type: ignore[attr-defined]


def test_a_file_that_changes_meanwhile_is_an_error(project: Project, forks: list[int]) -> None:
    """A bonus that is looked at again must be the one that was compared."""
    write(project, usual(200))
    blocks = stream(project, 2, Diagnostics())
    one = [next(blocks) for _ in range(4)][-1]
    assert isinstance(one, Block)
    path = project.root / "specs/data/a.csv"
    path.write_text(path.read_text().replace("1.50", "9.50"))
    with pytest.raises(InvalidInput, match=r"data/a\.csv changed while it was read"):
        one.bonus(0)
    blocks.close()  # type: ignore[attr-defined]


def test_a_small_file_and_one_core_start_nothing(
    project: Project, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, usual(200))
    read(project, 1)
    monkeypatch.setattr(second, "WORTH_BYTES_MIN", 1 << 20)
    read(project, 2)
    assert forks == []


def test_nothing_is_forked_beside_threads(project: Project, forks: list[int]) -> None:
    import threading

    write(project, usual(200))
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert len(read(project, 2)[0]) == 200
    finally:
        stop.set()
        thread.join()
    assert forks == []
