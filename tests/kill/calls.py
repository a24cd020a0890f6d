"""Which question a request of Toloka's API asks, by its method and path: the names of the network points."""

import re
from typing import Final

_CALLS: Final = (
    ("POST", r"/api/v1/user-bonuses", "SendOperation"),
    ("GET", r"/api/v1/user-bonuses", "ListPayments"),
    ("GET", r"/api/v1/requester", "ReadAccount"),
    ("GET", r"/api/v1/operations", "ListOperations"),
    ("GET", r"/api/v1/operations/[^/]+", "PollOperation"),
    ("GET", r"/api/v1/operations/[^/]+/log", "ReadItems"),
    ("GET", r"/api/v1/assignments/[^/]+", "ReadAssignment"),
)


def call_name(method: str, target: str) -> str:
    """The name of the call's type in `reconcile.providers.base`; "" for a request that is none of them."""
    path = target.partition("?")[0]
    return next((name for verb, shape, name in _CALLS if verb == method and re.fullmatch(shape, path)), "")
