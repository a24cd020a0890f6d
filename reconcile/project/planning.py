"""The plan against the state as it is, for every command that shows one."""

from reconcile.errors import InvalidInput
from reconcile.plan.model import Action, Plan
from reconcile.project.specs import Chosen, cores, plan_of
from reconcile.spec.files import DataFile
from reconcile.spec.from_entry import Way
from reconcile.state.reader import open_reader


def plan_again(chosen: Chosen) -> Plan:
    """`plan_now` for who only looks: where nothing has changed since a large plan had nothing to do, that one."""
    from reconcile.project.plan_cache import PlanCache

    cache = PlanCache(chosen)
    found = cache.find()
    if found is not None:
        return found
    met: list[DataFile] = []
    plan = plan_now(chosen, met)
    cache.keep(plan, met)
    return plan


def plan_now(chosen: Chosen, met: list[DataFile] | None = None) -> Plan:
    """The plan, with its changed bonuses explained. `met` takes the data files that were read. Raises InvalidInput where the
    specs have errors.
    """
    with open_reader(chosen.project.state_path) as reader:
        plan = plan_of(chosen, reader, chosen.project.clock.now_ms(), Way(cores(), [] if met is None else met))
        if not (plan.counts[Action.TOP_UP] or plan.counts[Action.CONFLICT]):
            return plan
        from reconcile.plan.explain import explain
        from reconcile.project.texts import readers_of_texts

        return explain(plan, reader, readers_of_texts(chosen.providers()))


def plan_or_withhold(chosen: Chosen) -> Plan:
    """The plan; where the specs have errors, these without a word that may name somebody."""
    try:
        return plan_now(chosen)
    except InvalidInput as error:
        from reconcile.render.mask import withheld

        raise InvalidInput(error.summary, withheld(error.diagnostics)) from None
