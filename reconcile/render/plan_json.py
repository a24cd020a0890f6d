"""`plan --format json`: the contract's document, as pieces of text that stream."""

from collections.abc import Iterator

from reconcile.plan.document import chunks
from reconcile.plan.model import Plan


def render_plan_json(plan: Plan) -> Iterator[str]:
    """The document and a line end. The pieces together are what `json.dumps` makes of the whole."""
    yield from chunks(plan)
    yield "\n"
