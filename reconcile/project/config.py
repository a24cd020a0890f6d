"""A project: its config, read and checked, the places that follow from it, and the machine it runs on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reconcile.config import find_config, load_config, load_unbound_config
from reconcile.diagnostics import Diagnostic, Diagnostics
from reconcile.errors import InvalidInput
from reconcile.project.system import SystemClock
from reconcile.settings import ProviderSettings, Settings

if TYPE_CHECKING:
    from reconcile.protocol.ports import Clock
    from reconcile.providers.base import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """`folder` is where the user stands, `warnings` what the config's reader had to say without refusing it.

    `clock` and `connect` are this machine's: a simulation gives its own. `connect` makes the wire to a provider, given
    the fence that is asked right before money moves; None: over HTTP, with the provider's token.
    """

    settings: Settings
    folder: Path
    environ: Mapping[str, str]
    warnings: tuple[Diagnostic, ...]
    clock: "Clock" = field(default_factory=SystemClock)
    connect: "Callable[[ProviderSettings, Callable[[], str]], Wire] | None" = None

    @property
    def state_path(self) -> Path:
        """The state's file."""
        return self.settings.root / self.settings.state

    @property
    def state_folder(self) -> Path:
        """Where the state lies, and with it the emulator's ledger and crash files."""
        return self.state_path.parent

    @property
    def emulator_path(self) -> Path:
        """The ledger of the embedded emulator."""
        return self.state_folder / "emulator.db"


def load_project(*, folder: Path, config: Path | None, environ: Mapping[str, str]) -> Project:
    """Find the config (or take `config`), read it and check it.

    Raises UsageError where there is none, InvalidInput with its diagnostics where it has errors.
    """
    path = find_config(folder, home=home_of(environ), environ=environ) if config is None else folder / config
    diagnostics = Diagnostics()
    settings = load_config(path, diagnostics, environ)
    if settings is None or diagnostics.errors:
        raise InvalidInput("The config has errors; nothing was done.", diagnostics.found)
    return Project(settings=settings, folder=folder, environ=environ, warnings=tuple(diagnostics))


def load_unbound_project(
    *, folder: Path, config: Path | None, environ: Mapping[str, str]
) -> tuple[Project | None, tuple[Diagnostic, ...]]:
    """The project for who only looks, None if its config cannot be used at all; with all that was found in it."""
    path = find_config(folder, home=home_of(environ), environ=environ) if config is None else folder / config
    diagnostics = Diagnostics()
    settings = load_unbound_config(path, diagnostics, environ)
    found = tuple(diagnostics)
    return None if settings is None else Project(settings=settings, folder=folder, environ=environ, warnings=()), found


def home_of(environ: Mapping[str, str]) -> Path:
    """The user's home folder, above which no config is looked for."""
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()
