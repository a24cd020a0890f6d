"""How the frozen bodies of a provider's operations are read, for explaining what differs."""

from collections.abc import Callable, Sequence

from reconcile.model import Texts
from reconcile.providers.registry import make_codec
from reconcile.settings import ProviderSettings


def readers_of_texts(providers: Sequence[ProviderSettings]) -> dict[str, Callable[[str, int], Texts]]:
    """Provider name → (body, position) → what that payment said."""
    return {settings.name: make_codec(settings).texts_of for settings in providers}
