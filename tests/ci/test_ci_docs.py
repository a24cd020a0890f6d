"""docs/ci.md shows what really comes out: its screens are made again here, and its lines exist.

`BONUSCTL_WRITE_SCREENS=1 pytest tests/ci/test_ci_docs.py` writes them anew.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from reconcile.ci.review import Outcome, outputs
from tests.ci.job import ANN, BEN, HEAD, MERGE, Job
from tests.support.cli import write_specs
from tests.support.github import Server, github

TOP = Path(__file__).resolve().parents[2]
DOCS = TOP / "docs" / "ci.md"
_SCREEN = "<!-- screen: {} -->\n{}<!-- end of screen -->"


@pytest.fixture
def server() -> Iterator[Server]:
    with github() as running:
        yield running


@pytest.fixture
def job(tmp_path: Path, server: Server) -> Job:
    made = Job(tmp_path, server)
    rows = (f"{{user_id: {ANN}, amount: 1.00}}", f"{{user_id: {BEN}, amount: 0.50}}")
    write_specs(made.folder, *rows, campaign="week-47", head="budget: 20.00\n")
    return made


def shows(name: str, text: str) -> None:
    """The screen of that name in the document is this text."""
    document = DOCS.read_text()
    pattern = re.compile(_SCREEN.format(re.escape(name), "(.*?)"), re.DOTALL)
    found = pattern.search(document)
    assert found is not None, name
    if os.environ.get("BONUSCTL_WRITE_SCREENS"):
        DOCS.write_text(pattern.sub(lambda _: _SCREEN.format(name, text), document))
    else:
        assert found[1] == text


def test_the_comment(job: Job, server: Server) -> None:
    job.pull_request()
    job.run("ci", "plan")
    shows("comment", f"```markdown\n{server.memory.comments[12][0]['body']}```\n")


def test_a_direct_push(job: Job) -> None:
    job.push("4" * 40)
    shows("direct", f"```text\n{job.run('ci', 'approved').ended.err}```\n")


def test_a_merged_fork(job: Job, server: Server) -> None:
    server.memory.pull(12, head=HEAD, merge=MERGE, fork=True)
    job.push()
    shows("fork", f"```text\n{job.run('ci', 'approved').ended.err}```\n")


def test_every_input_of_the_action_and_every_output_is_named() -> None:
    text = DOCS.read_text()
    action = yaml.safe_load((TOP / "action.yml").read_text())
    (example,) = re.findall(r"```yaml\n(- uses: OWNER/bonusctl@COMMIT\n.*?)```", text, re.DOTALL)
    assert set(yaml.safe_load(example)[0]["with"]) == set(action["inputs"])
    named = {*outputs(Outcome(plan=None)), "pull-request"}
    assert set(action["outputs"]) == named
    assert all(f"`{name}`" in text for name in named)


def test_the_hook_is_the_one_that_is_there() -> None:
    (hook,) = yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text())
    assert f"- id: {hook['id']}\n" in DOCS.read_text()


def test_links_lead_somewhere() -> None:
    text = DOCS.read_text()
    heads = {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in re.findall(r"^#+ (.*)$", text, re.M)}
    for target in re.findall(r"\]\((#[^)]+|[\w./-]+\.md)\)", text):
        assert target[1:] in heads if target.startswith("#") else (DOCS.parent / target).exists(), target
