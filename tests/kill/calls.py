"""Which question a request asks, by its method, its path and, at MTurk, its target: the names of the network points."""

import re
from collections.abc import Mapping
from typing import Final

from reconcile.providers.base import WireRequest

_CALLS: Final = (
    ("POST", r"/api/v1/user-bonuses", "SendOperation"),
    ("GET", r"/api/v1/user-bonuses", "ListPayments"),
    ("GET", r"/api/v1/requester", "ReadAccount"),
    ("GET", r"/api/v1/operations", "ListOperations"),
    ("GET", r"/api/v1/operations/[^/]+", "PollOperation"),
    ("GET", r"/api/v1/operations/[^/]+/log", "ReadItems"),
    ("GET", r"/api/v1/assignments/[^/]+", "ReadAssignment"),
)
MTURK_CALLS: Final[Mapping[str, str]] = {
    "SendBonus": "SendOperation",
    "ListBonusPayments": "ListPayments",
    "GetAccountBalance": "ReadAccount",
    # AWS's token service has no target: it is asked who we are, and nothing else.
    "": "ReadAccount",
}


def call_name(method: str, target: str, asked: str = "") -> str:
    """The name of the call's type in `reconcile.providers.base`; "" for a request that is none of them. `asked`: MTurk's
    own name for the question, without its service.
    """
    path = target.partition("?")[0]
    if (method, path) == ("POST", "/"):
        return MTURK_CALLS.get(asked, "")
    return next((name for verb, shape, name in _CALLS if verb == method and re.fullmatch(shape, path)), "")


def asked_of(request: WireRequest) -> str:
    """MTurk's own name for a request's question; "" for a request without one."""
    return dict(request.headers).get("X-Amz-Target", "").rpartition(".")[2]
