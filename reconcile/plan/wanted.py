"""Which open payments the present specs still ask for, exactly as journaled: only these may be sent again."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from reconcile.digest import entry_hash
from reconcile.model import Desired
from reconcile.providers.rules import currency_of
from reconcile.settings import ProviderSettings
from reconcile.state.ledger import OperationItem, OperationRecord, StateReader


def still_wanted(
    operations: Sequence[OperationRecord],
    *,
    desired: Iterable[Desired],
    reader: StateReader,
    settings: ProviderSettings,
    renamed: bool = True,
) -> frozenset[bytes]:
    """The payment ids of `operations` whose recipient, amount and texts the specs still ask for.

    A payment is still wanted where the amount that its bonus lacks, less what was issued, is the journaled one, and
    the entry hash made from the specs is the journaled one. `desired` is read once. `renamed`: a payment under a name
    that its bonus had before counts as well.
    """
    items: dict[bytes, list[OperationItem]] = {}
    for operation in operations:
        for item in operation.items:
            items.setdefault(item.bonus_id, []).append(item)
    record = reader.ledger(*settings.ledger_key)
    if record is None or not items:
        return frozenset()
    issued = {row.bonus_id: row.issued for row in reader.bonuses_by_id(record.ledger, items)}
    wanted = set()
    for bonus in desired:
        if bonus.campaign.provider != settings.name:
            continue
        ids = [bonus.bonus_id] if bonus.formerly is None else [bonus.bonus_id, bonus.formerly.bonus_id]
        paid = sum((issued.get(one, Decimal(0)) for one in ids), Decimal(0))
        for item in (item for one in (ids if renamed else ids[:1]) for item in items.get(one, ())):
            if bonus.amount - paid == item.amount and _entry(item, bonus, settings) == item.entry:
                wanted.add(item.payment_id)
    return frozenset(wanted)


def _entry(item: OperationItem, bonus: Desired, settings: ProviderSettings) -> bytes:
    return entry_hash(
        provider_type=settings.type,
        environment=settings.environment,
        payment_id=item.payment_id,
        recipient=bonus.recipient,
        assignment_id=item.assignment_id,
        amount=item.amount,
        currency=currency_of(settings.type, settings.environment),
        texts=bonus.texts(),
    )
