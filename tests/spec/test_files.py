"""Which files are specs, and which files are opened at all."""

import os
from pathlib import Path

import pytest

from reconcile.errors import UsageError
from reconcile.spec.files import open_regular, spec_files
from reconcile.spec.report import Unreadable
from tests.spec.conftest import HEAD, Project


def shown(project: Project, *selection: str, cwd: Path | None = None) -> list[str]:
    return [file.shown for file in spec_files(project.settings(), selection, cwd=cwd or project.root)]


def test_specs_of_the_config(project: Project) -> None:
    """A folder gives its YAML files, sorted, folders within included; hidden ones and other suffixes are left out."""
    for name in (
        "b.yaml",
        "a.yml",
        "2026/w47.yaml",
        ".hidden.yaml",
        ".git/x.yaml",
        "data/x.csv",
        "notes.md",
        "c.yaml~",
    ):
        project.write(name, "")
    assert shown(project) == ["specs/2026/w47.yaml", "specs/a.yml", "specs/b.yaml"]


def test_specs_of_the_command_line(project: Project) -> None:
    """Files and folders, relative to the working folder, each once, as a user there would type them."""
    for name in ("b.yaml", "a.yaml", "w/c.yaml"):
        project.write(name, "")
    assert shown(project, "specs/b.yaml", "specs", "specs/b.yaml") == ["specs/a.yaml", "specs/b.yaml", "specs/w/c.yaml"]
    assert shown(project, "c.yaml", cwd=project.root / "specs" / "w") == ["c.yaml"]
    assert shown(project, cwd=project.root / "specs" / "w") == ["../a.yaml", "../b.yaml", "c.yaml"]


def test_the_config_is_no_spec(project: Project) -> None:
    """A folder that holds the config gives it not as a spec."""
    (project.root / "bonusctl.yaml").write_text("")
    project.write("a.yaml", "")
    assert shown(project, ".") == ["specs/a.yaml"]


def test_a_spec_that_is_not_there(project: Project) -> None:
    """The nearest name is offered."""
    project.write("week-47.yaml", "")
    with pytest.raises(UsageError, match=r"^specs/week-74.yaml: no such file or folder$") as caught:
        shown(project, "specs/week-74.yaml")
    assert caught.value.remedy == "Did you mean `specs/week-47.yaml`?"


def test_no_specs_folder(tmp_path: Path) -> None:
    """The config's `specs` must exist."""
    with pytest.raises(UsageError, match=r"^specs: no such file or folder$"):
        shown(Project(tmp_path))


def read_from(project: Project, reference: str) -> list[str]:
    project.write("w.yaml", f"{HEAD}bonuses:\n  - from: {reference}\n")
    assert project.read() == []
    return project.summaries()


def test_links_are_not_followed(project: Project, tmp_path: Path) -> None:
    """Neither a linked data file, nor one in a linked folder, nor a linked spec."""
    secret = tmp_path / "secret.csv"
    secret.write_text("user_id,amount\nsecret,1.00\n")
    project.write("data/x", "")
    (project.root / "specs/data/link.csv").symlink_to(secret)
    (project.root / "specs/out").symlink_to(tmp_path)
    assert read_from(project, "data/link.csv") == ["The file is a symbolic link", "The file is a symbolic link"]
    assert read_from(project, "out/secret.csv")[-1] == "The path leads through a symbolic link or a file"


def test_a_linked_folder_of_specs_is_named(project: Project, tmp_path: Path) -> None:
    """It is not entered, and not left out in silence either."""
    (tmp_path / "elsewhere").mkdir()
    project.write("a.yaml", f"{HEAD}bonuses: []\n")
    (project.root / "specs/linked").symlink_to(tmp_path / "elsewhere")
    project.read()
    assert project.summaries() == ["The file is a symbolic link"]


def test_pipes_and_devices_do_not_block(project: Project) -> None:
    """A pipe that nobody writes to is refused at once, and so is a device."""
    project.write("data/x", "")
    os.mkfifo(project.root / "specs/data/pipe.csv")
    assert read_from(project, "data/pipe.csv") == ["This is no regular file"]
    with pytest.raises(Unreadable, match="no regular file"):
        open_regular(Path("/dev/null"), bytes_max=1)


def test_large_files_are_refused(tmp_path: Path) -> None:
    """The size is looked at before the first byte is read."""
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(11)
    with open_regular(path, bytes_max=11) as file:
        assert len(file.read()) == 11
    with pytest.raises(Unreadable, match="The file has 11 bytes, more than the 10 that are read"):
        open_regular(path, bytes_max=10)


def test_other_case_is_another_file(project: Project) -> None:
    """Names are taken as they are; the nearest one is offered."""
    project.write("data/week.csv", "user_id,amount\n")
    assert read_from(project, "data/Week.csv") == ["The data file does not exist"]
    assert [diagnostic.hint for diagnostic in project.diagnostics] == ["Did you mean `data/week.csv`?"]


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_files_without_permission(project: Project) -> None:
    """What the system does not give is an error of the spec, not of the program."""
    project.write("data/week.csv", "").chmod(0)
    assert read_from(project, "data/week.csv") == ["The file cannot be read: permission denied"]
