"""toloka-kit, as a user scripts it: pays BONUSES bonuses. Arguments: WAY ENDPOINT BONUSES.

WAY: `sync` (create_user_bonuses with async_mode=False, by hundreds), `default` (create_user_bonuses, by hundreds),
`async` (create_user_bonuses_async and wait_operation, by hundreds), `single` (create_user_bonus, one by one).
"""

import importlib
import logging
import sys
from decimal import Decimal
from typing import Any

kit: Any = importlib.import_module("toloka.client")

logging.disable(logging.CRITICAL)


def bonus(number: int) -> Any:
    return kit.UserBonus(
        user_id=f"{number:032x}",
        amount=Decimal(f"{number % 50 + 1}.{number % 100:02d}"),
        public_title={"EN": "Great work!"},
        public_message={"EN": f"You completed {number % 40} tasks of this week in time. Thank you."},
        private_comment=f"week 47, batch {number % 200}",
        assignment_id=f"00001092da--{number:024x}",
    )


def main() -> None:
    way, endpoint, bonuses = sys.argv[1], sys.argv[2], int(sys.argv[3])
    toloka = kit.TolokaClient("any", url=endpoint)
    if way == "single":
        for number in range(bonuses):
            toloka.create_user_bonus(bonus(number))
        return
    for first in range(0, bonuses, 100):
        batch = [bonus(number) for number in range(first, min(first + 100, bonuses))]
        if way == "sync":
            toloka.create_user_bonuses(batch, async_mode=False)
        elif way == "default":
            toloka.create_user_bonuses(batch)
        else:
            toloka.wait_operation(toloka.create_user_bonuses_async(batch), disable_progress=True)


main()
