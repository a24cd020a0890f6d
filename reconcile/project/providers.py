"""Providers ready to be asked: token, codec, wire, and the embedded emulator where the config means that one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from reconcile import redaction
from reconcile.project.config import Project
from reconcile.protocol.runner import ProviderAccess
from reconcile.providers.registry import endpoint_of, find_secret, make_codec, make_wire
from reconcile.providers.secrets import Secret
from reconcile.settings import ProviderSettings


def find_tokens(project: Project, providers: Sequence[ProviderSettings]) -> tuple[Secret, ...]:
    """A token, or keys, for each. Raises ProviderError(no_token) with what to do."""
    return tuple(find_secret(settings, project.environ) for settings in providers)


@contextmanager
def open_providers(
    project: Project,
    providers: Sequence[ProviderSettings],
    secrets: Sequence[Secret],
    *,
    fence: Callable[[], str],
) -> Iterator[tuple[ProviderAccess, ...]]:
    """Wires to all of them, closed at the end. `fence` is asked right before money moves: "" or why it must not.

    Raises ProviderError where an emulator does not start or an endpoint cannot be used.
    """
    with ExitStack() as stack:
        stack.callback(redaction.install(redaction.Redactor(secrets)))
        embedded = ""
        opened = []
        for settings, secret in zip(providers, secrets, strict=True):
            if project.connect is not None:
                wire = project.connect(settings, fence)
                stack.callback(wire.close)
                opened.append(ProviderAccess(settings, make_codec(settings), wire))
                continue
            endpoint = endpoint_of(settings)
            if not endpoint:
                embedded = embedded or stack.enter_context(_emulator(project))
                endpoint = embedded
            wire = make_wire(
                settings,
                secret=secret,
                endpoint=endpoint,
                fence=fence,
                boottime_ms=project.clock.boottime_ms,
                secrets=secrets,
            )
            stack.callback(wire.close)
            opened.append(ProviderAccess(settings, make_codec(settings), wire))
        yield tuple(opened)


@contextmanager
def _emulator(project: Project) -> Iterator[str]:
    """The endpoint of a child that lives for this run; its ledger lies beside the state."""
    from reconcile.emulator.embedded import start_embedded

    with start_embedded(project.emulator_path, log=project.state_folder / "emulator.log") as embedded:
        yield embedded.endpoint
