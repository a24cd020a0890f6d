"""`init`: a project that works, safe by default, and nothing of the user's is ever overwritten."""

import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.support.cli import bonusctl, project

WORKFLOW = Path(".github") / "workflows" / "bonusctl.yml"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_init_writes_a_project_that_validates_without_a_warning(tmp_path: Path) -> None:
    ended = bonusctl(tmp_path, "init", "bonuses", "--source", f"acme/bonusctl@{COMMIT}")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "wrote bonusctl.yaml",
        "wrote specs/example.yaml",
        "wrote specs/data/week-47.csv",
        "wrote .gitignore",
        "wrote .github/workflows/bonusctl.yml",
        "wrote .bonusctl/spec.schema.json",
        "wrote .bonusctl/config.schema.json",
    ]
    assert ended.err.splitlines()[-5:] == [
        "Next:",
        "  cd bonuses",
        "  bonusctl validate",
        "  bonusctl plan",
        "  bonusctl apply",
    ]
    checked = bonusctl(tmp_path / "bonuses", "validate", "--format", "json")
    assert (checked.code, checked.json()["diagnostics"]) == (0, [])


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "example.yaml").write_text("mine")
    (tmp_path / ".gitignore").write_text("mine")
    ended = bonusctl(tmp_path, "init")
    assert "kept  specs/example.yaml (it was there)" in ended.out
    assert (tmp_path / "specs" / "example.yaml").read_text() == "mine"
    assert (tmp_path / ".gitignore").read_text() == "mine"
    assert "/state/" in ended.err
    assert "wrote" not in bonusctl(tmp_path, "init").out


def test_init_does_not_write_through_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    (tmp_path / "bonusctl.yaml").symlink_to(elsewhere)
    assert bonusctl(tmp_path, "init").code == 0
    assert elsewhere.read_text() == "precious"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = bonusctl(tmp_path, "init", "file")
    assert ended.code == 1
    assert "file/bonusctl.yaml cannot be written" in ended.err


def test_the_editor_s_schemas_fit_the_files_beside_them(tmp_path: Path) -> None:
    """The modeline's path leads from each file to a schema that the file fulfils as an editor reads it."""
    project(tmp_path)
    for name in ("bonusctl.yaml", "specs/example.yaml"):
        path = tmp_path / name
        first = path.read_text().splitlines()[0]
        named = re.fullmatch(r"# yaml-language-server: \$schema=(.+)", first)
        assert named is not None
        schema = json.loads((path.parent / named[1]).read_text())
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)


@pytest.mark.parametrize(
    ("ci", "said"),
    [
        (
            "github",
            [
                "Warning: team/bonuses lies in the git repository TOP. GitHub reads workflows at its top alone: "
                "move .github/workflows/bonusctl.yml there, and add to it",
                "defaults:",
                "  run:",
                "    working-directory: team/bonuses",
            ],
        ),
        (
            "gitlab",
            [
                "Warning: team/bonuses lies in the git repository TOP. GitLab reads .gitlab-ci.yml at its top alone: "
                "include team/bonuses/.gitlab-ci.yml there, end `before_script` with `cd team/bonuses`, and let the "
                "paths of the artifacts begin with `team/bonuses/`.",
            ],
        ),
        ("none", ["Warning: team/bonuses lies in the git repository TOP."]),
    ],
)
def test_below_the_top_of_a_repository_init_says_where_the_workflow_belongs(
    tmp_path: Path, ci: str, said: list[str]
) -> None:
    """And whose commits the history will name."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "team").mkdir()
    ended = bonusctl(tmp_path / "team", "init", "bonuses", "--ci", ci)
    lines = ended.err.replace(str(tmp_path.resolve()), "TOP").splitlines()
    start = lines.index(said[0])
    commits = "Runs are recorded with that repository's commits. For a project of its own: git init bonuses"
    assert lines[start : start + len(said) + 1] == [*said, commits]


@pytest.mark.parametrize("top", ["bonuses", ""])
def test_at_the_top_of_a_repository_or_outside_any_init_does_not_warn(tmp_path: Path, top: str) -> None:
    if top:
        (tmp_path / top / ".git").mkdir(parents=True)
    assert "lies in the git repository" not in bonusctl(tmp_path, "init", "bonuses").err


def test_the_schema_command_prints_what_init_wrote(tmp_path: Path) -> None:
    project(tmp_path)
    for what in ("spec", "config"):
        printed = bonusctl(tmp_path, "schema", what).json()
        assert printed == json.loads((tmp_path / ".bonusctl" / f"{what}.schema.json").read_text())


def test_the_state_is_not_committed(tmp_path: Path) -> None:
    project(tmp_path)
    bonusctl(tmp_path, "apply", "--auto-approve")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    status = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "state/" not in status.stdout


def test_the_workflow_takes_bonusctl_from_the_commit_that_is_named(tmp_path: Path) -> None:
    ended = bonusctl(tmp_path, "init", "--source", f"acme/bonusctl@{COMMIT}")
    assert f"uses: acme/bonusctl@{COMMIT}\n" in (tmp_path / WORKFLOW).read_text()
    assert "does not know yet" not in ended.err
    assert "Before the first merge: the settings that .github/workflows/bonusctl.yml lists at its head" in ended.err


def test_a_workflow_that_does_not_know_where_bonusctl_is_says_so(tmp_path: Path) -> None:
    ended = bonusctl(tmp_path, "init")
    assert f"uses: OWNER/bonusctl@{'0' * 40}\n" in (tmp_path / WORKFLOW).read_text()
    assert "does not know yet where CI gets bonusctl from" in ended.err


@pytest.mark.parametrize("source", [f"https://git.example/pay/bonusctl@{COMMIT}", f"acme/bonusctl@{COMMIT}"])
def test_a_gitlab_project_installs_bonusctl_from_the_commit_that_is_named(tmp_path: Path, source: str) -> None:
    ended = bonusctl(tmp_path, "init", "--ci", "gitlab", "--source", source)
    assert "wrote .gitlab-ci.yml" in ended.out
    url = source if source.startswith("https") else f"https://github.com/{source}"
    assert f'BONUSCTL: "bonusctl @ git+{url}"' in (tmp_path / ".gitlab-ci.yml").read_text()
    assert not (tmp_path / WORKFLOW).exists()


@pytest.mark.parametrize(
    "source",
    [
        "acme/bonusctl@main",
        "acme/bonusctl",
        f"http://git.example/pay/bonusctl@{COMMIT}",
        f"https://user:pass@git.example/pay/bonusctl@{COMMIT}",
        f'acme/bonusctl"@{COMMIT}',
    ],
)
def test_anything_but_a_whole_commit_of_a_repository_is_refused(tmp_path: Path, source: str) -> None:
    ended = bonusctl(tmp_path, "init", "--source", source)
    assert ended.code == 1
    assert "does not say where CI gets bonusctl from" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_without_ci_nothing_is_said_about_it(tmp_path: Path) -> None:
    ended = bonusctl(tmp_path, "init", "--ci", "none")
    assert ended.err.split() == ["Next:", "bonusctl", "validate", "bonusctl", "plan", "bonusctl", "apply"]


@pytest.mark.parametrize("name", ["bonusctl.yaml", "specs/example.yaml"])
def test_the_examples_at_the_top_of_the_repository_are_valid(name: str) -> None:
    top = Path(__file__).parents[2]
    assert (top / name.replace("example", "image-labels-2026-w47")).exists()
    ended = bonusctl(top, "validate", "--format", "json")
    assert (ended.code, ended.json()["diagnostics"]) == (0, [])
