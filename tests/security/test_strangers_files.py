"""What a stranger left on the way: configs of others, links, pipes and devices, and Python files that want to be imported."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from reconcile.config import find_config
from reconcile.errors import UsageError
from tests.security.watching import watched
from tests.support.cli import bonusctl, environment, project, write_specs

STRANGER = 12345
CONFIG = "version: 1\nproviders:\n  toloka: {type: toloka, environment: emulator}\n"
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")


# --- the config ----------------------------------------------------------------------------------------------------


class Found(NamedTuple):
    """Where a config lies, seen from `home/team/repo/deep` with a git root at `home/team/repo`; whose it is."""

    at: str
    owner: int = 0
    folder_owner: int = 0
    mode: int = 0o644
    folder_mode: int = 0o755
    taken: bool = False


PLACES = {
    "here": Found("team/repo/deep", taken=True),
    "at the git root": Found("team/repo", taken=True),
    "above the git root": Found("team"),
    "in home": Found("."),
    "above home": Found(".."),
    "here, of another user": Found("team/repo/deep", owner=STRANGER),
    "at the root, of another user": Found("team/repo", owner=STRANGER),
    "in another user's folder": Found("team/repo", folder_owner=STRANGER),
    "writable for all": Found("team/repo", mode=0o666),
    "writable for all, here": Found("team/repo/deep", mode=0o646),
    "in a folder that all may write": Found("team/repo", folder_mode=0o777),
    "in a sticky folder that all may write": Found("team/repo", folder_mode=0o1777),
    "writable for the group": Found("team/repo", mode=0o664, folder_mode=0o775, taken=True),
    "for the owner alone": Found("team/repo", mode=0o600, folder_mode=0o700, taken=True),
}


@needs_root
@pytest.mark.parametrize("name", PLACES)
def test_a_config_is_taken_only_where_no_one_else_could_have_put_it(tmp_path: Path, name: str) -> None:
    case = PLACES[name]
    home = tmp_path / "above" / "home"
    (home / "team" / "repo" / "deep").mkdir(parents=True)
    (home / "team" / "repo" / ".git").mkdir()
    folder = (home / case.at).resolve()
    config = folder / "bonusctl.yaml"
    config.write_text(CONFIG)
    config.chmod(case.mode)
    folder.chmod(case.folder_mode)
    os.chown(config, case.owner, case.owner)
    os.chown(folder, case.folder_owner, case.folder_owner)
    try:
        found: Path | None = find_config(home / "team" / "repo" / "deep", home=home, environ={})
    except UsageError:
        found = None
    assert found == (config if case.taken else None)


def test_a_nearer_config_of_a_stranger_is_not_passed_over_for_one_further_up(tmp_path: Path) -> None:
    """Neither is taken: which of them was meant is not for the program to guess."""
    (tmp_path / "repo" / "deep").mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()
    (tmp_path / "repo" / "bonusctl.yaml").write_text(CONFIG)
    nearer = tmp_path / "repo" / "deep" / "bonusctl.yaml"
    nearer.write_text(CONFIG)
    nearer.chmod(0o666)
    ended = bonusctl(tmp_path / "repo" / "deep", "plan", environ={"HOME": str(tmp_path)})
    assert ended.code == 1
    assert f"{nearer} stands where every user may write" in ended.err


# --- files that a spec names -----------------------------------------------------------------------------------------

SECRET = "stolen-user-4711"


def rows(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"user_id,amount\n{SECRET},1.00\n")
    return path


REFERENCES = {
    "up": "../secret.csv",
    "up and down": "rows/../../secret.csv",
    "up, spelled as a name": "rows/%2e%2e/secret.csv",
    "absolute": "{outside}/secret.csv",
    "absolute, doubled": "/{outside}/secret.csv",
    "home": "~/secret.csv",
    "a variable": "$HOME/secret.csv",
    "a variable in braces": "${{HOME}}/secret.csv",
    "a URL": "file://{outside}/secret.csv",
    "another URL": "https://evil.example/secret.csv",
    "a linked file": "rows/linked.csv",
    "in a linked folder": "linked/secret.csv",
    "two links on": "rows/twice.csv",
    "a pipe": "rows/pipe.csv",
    "a device": "rows/null.csv",
    "a folder": "rows/folder.csv",
    "a backslash": "..\\\\secret.csv",
    "NUL": '"rows/good.csv\\0.csv"',
    "another case": "rows/GOOD.csv",
    "nothing": '""',
    "a dot": ".",
    "a pattern": "rows/*.csv",
    "the config": "../bonusctl.yaml",
    "a process's own": "/proc/self/environ",
}


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_that_leads_out_is_refused_and_shows_nothing_of_what_lies_there(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    folder = home / "team"
    folder.mkdir(parents=True)
    project(folder)
    outside = tmp_path / "outside"
    for path in (outside, home, folder, folder / "specs" / ".."):
        rows(path / "secret.csv")
    write_specs(folder)
    rows(folder / "specs" / "rows" / "good.csv")
    inside = folder / "specs" / "rows"
    (inside / "linked.csv").symlink_to(outside / "secret.csv")
    (inside / "twice.csv").symlink_to(inside / "linked.csv")
    (inside / "folder.csv").mkdir()
    (folder / "specs" / "linked").symlink_to(outside)
    os.mkfifo(inside / "pipe.csv")
    if name == "a device" and os.getuid() == 0:
        os.mknod(inside / "null.csv", 0o20666, os.makedev(1, 3))
    reference = REFERENCES[name].format(outside=outside)
    (folder / "specs" / "week.yaml").write_text(
        f"version: 1\ncampaign: c\nprovider: toloka\nbonuses:\n- from: {reference}\n"
    )
    ended = bonusctl(folder, "validate", environ={"HOME": str(home)})
    assert ended.code == 1, ended
    assert "specs/week.yaml:5" in ended.out + ended.err
    assert SECRET not in ended.out + ended.err


def test_the_same_file_by_its_own_name_is_read(tmp_path: Path) -> None:
    """So that the refusals above are for where the names lead."""
    project(tmp_path)
    write_specs(tmp_path)
    rows(tmp_path / "specs" / "rows" / "good.csv")
    (tmp_path / "specs" / "week.yaml").write_text(
        "version: 1\ncampaign: c\nprovider: toloka\nbonuses:\n- from: rows/good.csv\n"
    )
    assert bonusctl(tmp_path, "validate").out == "Valid: 1 bonus.\n"


# --- code ------------------------------------------------------------------------------------------------------------

MODULES = (
    "json", "sitecustomize", "usercustomize", "click", "decimal", "yaml", "sqlite3", "httpx", "httpcore", "ssl",
    "encodings", "codecs", "io", "os", "typing", "dataclasses", "sqlite_utils", "deepdiff", "_sqlite3", "readline",
    "subprocess", "asyncio", "uuid", "hashlib", "conftest", "setup", "bonusctl", "bonusctl_plugin", "plugins",
)  # fmt: skip
TAKEN = "open({marker!r}, 'w').close()\nraise SystemExit('taken over')\n"


def trap(folder: Path) -> Path:
    """Modules of these names in the folder and in its `specs`; the file that any of them would make."""
    marker = folder.parent / f"{folder.name}.was-run"
    for place in (folder, folder / "specs"):
        for name in MODULES:
            (place / f"{name}.py").write_text(TAKEN.format(marker=str(marker)))
        (place / "evil.pth").write_text(f"import os; open({str(marker)!r}, 'w').close()\n")
        (place / "pyvenv.cfg").write_text("home = /nonexistent\n")
        (place / "pyproject.toml").write_text("[tool.bonusctl]\nplugins = ['json']\n")
    return marker


@pytest.mark.parametrize("where", [".", "specs"])
def test_python_files_beside_the_specs_are_never_run(tmp_path: Path, where: str) -> None:
    """By the command itself, by its embedded emulator, and by `python -m`."""
    folder = tmp_path / "p"
    project(folder)
    marker = trap(folder)
    start = folder / where
    for command in (("validate",), ("plan", "--format", "html"), ("apply", "--auto-approve"), ("status",)):
        ended = bonusctl(start, *command, environ={"HOME": str(tmp_path)})
        assert ended.code == 0, ended
    done = subprocess.run(
        [sys.executable, "-m", "reconcile", "plan"],
        cwd=start,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not marker.exists()


@pytest.mark.parametrize(
    "text",
    [
        "{amount.__class__}",
        "{tasks!r}",
        "{tasks:>1000000000}",
        "{0}",
        "{tasks[0]}",
        "{__import__('os').system('touch was-run')}",
        "${HOME}",
        "$(touch was-run)",
        "`touch was-run`",
        "{% raw %}",
        "{{7*7}}",
        "#{7*7}",
        "<%= 7*7 %>",
    ],
)
def test_a_template_evaluates_nothing(tmp_path: Path, text: str) -> None:
    """It is a plain text, or an error with its place; no value of the environment and no product of 7 comes out."""
    folder = tmp_path / "p"
    project(folder)
    escaped = text.replace("'", "''")
    write_specs(
        folder,
        f"{{user_id: w1, amount: 1.00, vars: {{tasks: 12}}, public_title: {{EN: T}}, public_message: '{escaped}'}}",
    )
    seen = watched(folder, "plan", "--format", "json", environ={"HOME": str(tmp_path)})
    assert seen.events == []
    assert not (folder / "was-run").exists()
    if seen.ended.code == 0:
        (change,) = seen.ended.json()["changes"]
        assert change["texts"]["public_message"] == {"EN": text.replace("{{", "{").replace("}}", "}")}
    else:
        assert "specs/week.yaml:5" in seen.ended.err + seen.ended.out
