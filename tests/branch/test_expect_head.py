"""A head that was kept outside proves what it was kept of: gates that were open when it was."""

from tests.branch.test_branch_commands import BATCHES, Jobs, applied, emulator, jobs, run

__all__ = ["emulator", "jobs"]


def test_a_head_that_was_kept_behind_a_closed_gate_opens_nothing(jobs: Jobs) -> None:
    """The first contact closes the gate, the job ends, and its head is kept: nothing of another life is excluded yet."""
    jobs.write(BATCHES, "ann", "ben")
    one = jobs.fresh("one")
    assert applied(one).code == 3
    head = run(one, "state", "head").out.strip()
    assert applied(one, "--expect-head", head).code == 3
    assert jobs.paid() == []


def test_a_head_that_was_kept_behind_a_gate_that_singles_opened_opens_nothing_for_batches(jobs: Jobs) -> None:
    """Whatever singles paid elsewhere before may not show yet, and other ids refuse none of it."""
    one = jobs.fresh("one")
    assert applied(one).code == 0
    head = run(one, "state", "head").out.strip()
    jobs.write(BATCHES, "ann", "ben", "cat")
    two = jobs.fresh("two")
    (two.folder / "state.jsonl").write_text(one.exported())
    assert run(two, "state", "import", "state.jsonl").code == 0
    assert applied(two, "--expect-head", head).code == 3
    assert jobs.paid() == ["ann"]


def test_a_head_that_was_kept_behind_an_open_gate_opens_that_of_an_import(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    assert applied(one).code == 0
    jobs.settle(one)
    head = run(one, "state", "head").out.strip()
    jobs.write(BATCHES, "ann", "ben", "cat")
    two = jobs.fresh("two")
    (two.folder / "state.jsonl").write_text(one.exported())
    assert run(two, "state", "import", "state.jsonl").code == 0
    assert applied(two).code == 3
    assert applied(two, "--expect-head", head).code == 0
    assert jobs.paid() == ["ann", "ben", "cat"]


def test_a_head_says_nothing_against_the_mark_of_a_run_that_went_on_from_it(jobs: Jobs) -> None:
    """A job began and was killed: its batch may be in flight, whatever was kept before it began."""
    one = jobs.fresh("one")
    assert applied(one).code == 0
    assert run(one, "state", "push").code == 0
    head = run(one, "state", "head").out.strip()
    assert run(one, "state", "push", "--begin").code == 0
    jobs.write(BATCHES, "ann", "ben", "cat")
    two = jobs.fresh("two")
    assert run(two, "state", "pull").code == 0
    assert run(two, "state", "push", "--begin").code == 0
    ended = applied(two, "--expect-head", head)
    assert ended.code == 3
    assert "pulled while the mark of another run stood on its branch" in ended.err + ended.out
    assert jobs.paid() == ["ann"]


def test_a_head_that_was_kept_after_an_import_does_not_open_its_gate(jobs: Jobs) -> None:
    one = jobs.fresh("one")
    assert applied(one).code == 0
    jobs.write(BATCHES, "ann", "ben")
    two = jobs.fresh("two")
    (two.folder / "state.jsonl").write_text(one.exported())
    assert run(two, "state", "import", "state.jsonl").code == 0
    head = run(two, "state", "head").out.strip()
    assert applied(two, "--expect-head", head).code == 3
    assert jobs.paid() == ["ann"]
