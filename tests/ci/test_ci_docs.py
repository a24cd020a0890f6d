"""docs/ci.md names what is there: inputs and outputs of the action, the hook, its own sections. Screens: tests/screens."""

import re
from pathlib import Path

import yaml

from reconcile.ci.review import Outcome, outputs

TOP = Path(__file__).resolve().parents[2]
DOCS = TOP / "docs" / "ci.md"


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
