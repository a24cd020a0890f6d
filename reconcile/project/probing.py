"""`doctor --probe`: asks a sandbox which reading of `operation_id` holds in synchronous mode. Pays two small bonuses."""

from uuid import uuid4

from reconcile.errors import UsageError
from reconcile.project.config import Project
from reconcile.project.providers import find_tokens, open_providers
from reconcile.providers.toloka.probe import ProbeCost, ProbeResult, probe_cost, run_probe
from reconcile.settings import ProviderSettings


def probed(project: Project, name: str) -> ProviderSettings:
    """The provider to probe: the one called `name`, or the only one. Raises UsageError where that is not clear."""
    providers = project.settings.providers
    found = [one for one in providers if name in ("", one.name) and one.type == "toloka"]
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.name for one in providers if one.type == "toloka") or "none is of type toloka"
    raise UsageError(f"Which provider shall be probed: {names}?", remedy="Name it with --probe-provider.")


def cost_of(settings: ProviderSettings, recipient: str) -> ProbeCost:
    """What a probe pays at most. Raises Refused where real money would move."""
    return probe_cost(settings, recipient)


def probe(project: Project, settings: ProviderSettings, recipient: str) -> ProbeResult:
    """Send the two requests and judge them. The state is neither read nor written."""
    probe_cost(settings, recipient)
    secrets = find_tokens(project, (settings,))
    with open_providers(project, (settings,), secrets, fence=lambda: "") as (access,):
        return run_probe(access.wire, settings, recipient, probe_id=uuid4())
