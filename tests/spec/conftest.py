"""A project in a folder of its own, and specs read from it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reconcile.diagnostics import Diagnostics
from reconcile.model import Desired
from reconcile.settings import ProviderSettings, Settings
from reconcile.spec.document import read_specs
from reconcile.spec.files import spec_files

HEAD = "version: 1\ncampaign: image-labels\nprovider: toloka\n"


class Project:
    """A folder with a config on the emulator, whose specs can be written and read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.diagnostics = Diagnostics()

    def settings(self, *, project: str = "") -> Settings:
        toloka = ProviderSettings(name="toloka", type="toloka", environment="emulator")
        roubles = ProviderSettings(name="roubles", type="toloka", environment="yandex", account="a1")
        return Settings(
            path=self.root / "bonusctl.yaml",
            root=self.root,
            project=project,
            specs=("specs",),
            state="state.db",
            providers=(toloka, roubles),
            policies=(),
        )

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / "specs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, *selection: str, project: str = "") -> list[Desired]:
        self.diagnostics = Diagnostics()
        settings = self.settings(project=project)
        return list(read_specs(settings, spec_files(settings, selection, cwd=self.root), self.diagnostics))

    def bonuses(self, entries: str, *, head: str = "") -> list[Desired]:
        """The bonuses of one spec with these entries; there must be no problem."""
        self.write("w.yaml", f"{HEAD}{head}bonuses:\n{entries}")
        found = self.read()
        assert self.summaries() == []
        return found

    def summaries(self) -> list[str]:
        return [diagnostic.summary for diagnostic in self.diagnostics]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


@pytest.fixture
def read_one(project: Project) -> Callable[[str], Desired]:
    """The one bonus of an entry."""

    def read(entry: str) -> Desired:
        (desired,) = project.bonuses(entry)
        return desired

    return read
