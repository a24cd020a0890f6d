"""What each fault's name does: one row a name. Most change one field of the orders."""

from collections.abc import Callable
from typing import Final, NamedTuple

from reconcile.emulator.errors import Refusal, not_enough_balance, too_many
from reconcile.emulator.fault import Fault
from reconcile.emulator.messages import Answer
from reconcile.emulator.orders import Delivery, Execute, Orders, Spoil


class FaultKind(NamedTuple):
    """What a name means: the kind of request it is usually about, and how it changes the orders."""

    on: str
    apply: Callable[[Orders, Fault], Orders]


def _execute(fault: Fault, usual: Execute) -> Execute:
    if fault.executes is None:
        return usual
    return Execute.NOW if fault.executes else Execute.NEVER


def _instead(usual: Execute, make: Callable[[Fault], Answer]) -> Callable[[Orders, Fault], Orders]:
    return lambda orders, fault: orders._replace(execute=_execute(fault, usual), instead=make(fault))


def _travel(usual: Execute, delivery: Delivery) -> Callable[[Orders, Fault], Orders]:
    return lambda orders, fault: orders._replace(
        execute=_execute(fault, usual), delivery=delivery, drip_ms=fault.delay_ms or 50
    )


def _spoil(spoil: Spoil) -> Callable[[Orders, Fault], Orders]:
    return lambda orders, fault: orders._replace(spoil=spoil)


def _server_error(fault: Fault) -> Answer:
    status = fault.status or 500
    code = fault.code or ("REMOTE_SERVICE_UNAVAILABLE" if status == 503 else "INTERNAL_ERROR")
    return Refusal(status, code, "Something went wrong on the server").answer()


def _proxy_page(fault: Fault) -> Answer:
    page = b"<html><head><title>Bad Gateway</title></head><body><h1>The proxy server says no</h1></body></html>\n"
    return Answer(fault.status or 502, page, "text/html")


def _bare(fault: Fault) -> Answer:
    return Answer(fault.status or 429, b"", "text/plain")


def _redirect(fault: Fault) -> Answer:
    return Answer(fault.status or 307, b"", "text/plain", (("Location", "/moved" + (fault.code or "")),))


def _refused(fault: Fault) -> Answer:
    return Refusal(fault.status or 400, fault.code or "VALIDATION_ERROR", "Refused on request").answer()


def _too_many(fault: Fault) -> Answer:
    return too_many(fault.interval or "MIN", "Too many requests", fault.retry_after_s).answer()


def _unauthorized(_fault: Fault) -> Answer:
    return Refusal(401, "AUTHENTICATION_ERROR", "The token is not known").answer()


def _forbidden(_fault: Fault) -> Answer:
    return Refusal(403, "ACCESS_DENIED", "The account may not do this").answer()


def _no_funds(_fault: Fault) -> Answer:
    return not_enough_balance().answer()


def _late(orders: Orders, fault: Fault) -> Orders:
    return orders._replace(execute=Execute.LATER, late_ms=fault.delay_ms or 1000, delivery=Delivery.CLOSE)


def _latency(orders: Orders, fault: Fault) -> Orders:
    return orders._replace(delay_ms=orders.delay_ms + fault.delay_ms)


def _slow_start(orders: Orders, fault: Fault) -> Orders:
    return orders._replace(mischief=orders.mischief._replace(start_ms=fault.delay_ms))


def _slow_run(orders: Orders, fault: Fault) -> Orders:
    return orders._replace(mischief=orders.mischief._replace(run_ms=fault.delay_ms))


def _fail(orders: Orders, fault: Fault) -> Orders:
    kept = fault.code != "NO_LOG"
    return orders._replace(mischief=orders.mischief._replace(fail=True, made=fault.made, log_kept=kept))


def _reject(code: str, *, in_payment: bool) -> Callable[[Orders, Fault], Orders]:
    return lambda orders, fault: orders._replace(
        mischief=orders.mischief._replace(reject=fault.code or code, positions=fault.positions, in_payment=in_payment)
    )


def _lag(orders: Orders, fault: Fault) -> Orders:
    return orders._replace(lag_ms=fault.delay_ms or 60_000)


def _archived(orders: Orders, _fault: Fault) -> Orders:
    return orders._replace(archived=True)


FAULTS: Final = {
    # The connection.
    "cut_before": FaultKind("send", _travel(Execute.NEVER, Delivery.CLOSE)),
    "cut_after": FaultKind("send", _travel(Execute.NOW, Delivery.CLOSE)),
    "reset": FaultKind("send", _travel(Execute.NOW, Delivery.RESET)),
    "hang": FaultKind("send", _travel(Execute.NOW, Delivery.HANG)),
    "drip": FaultKind("send", _travel(Execute.NOW, Delivery.DRIP)),
    "truncate": FaultKind("send", _travel(Execute.NOW, Delivery.TRUNCATE)),
    "shorten": FaultKind("send", _travel(Execute.NOW, Delivery.SHORTEN)),
    "late": FaultKind("send", _late),
    "latency": FaultKind("any", _latency),
    # Answers that are not the true one.
    "error_before": FaultKind("send", _instead(Execute.NEVER, _server_error)),
    "error_after": FaultKind("send", _instead(Execute.NOW, _server_error)),
    "proxy_page": FaultKind("send", _instead(Execute.NEVER, _proxy_page)),
    "bare": FaultKind("send", _instead(Execute.NEVER, _bare)),
    "redirect": FaultKind("send", _instead(Execute.NEVER, _redirect)),
    "garble": FaultKind("send", _spoil(Spoil.GARBLE)),
    "wrong_id": FaultKind("send", _spoil(Spoil.WRONG_ID)),
    "wrong_counts": FaultKind("send", _spoil(Spoil.WRONG_COUNTS)),
    # Toloka's own refusals.
    "refuse": FaultKind("send", _instead(Execute.NEVER, _refused)),
    "too_many": FaultKind("send", _instead(Execute.NEVER, _too_many)),
    "no_funds": FaultKind("send", _instead(Execute.NEVER, _no_funds)),
    "unauthorized": FaultKind("send", _instead(Execute.NEVER, _unauthorized)),
    "forbidden": FaultKind("send", _instead(Execute.NEVER, _forbidden)),
    # Operations.
    "slow_start": FaultKind("send", _slow_start),
    "slow_run": FaultKind("send", _slow_run),
    "fail": FaultKind("send", _fail),
    "reject": FaultKind("send", _reject("VALUE_NOT_ALLOWED", in_payment=False)),
    "reject_payment": FaultKind("send", _reject("OPERATION_EXECUTION_ERROR", in_payment=True)),
    "log_archived": FaultKind("log", _archived),
    "lag": FaultKind("bonuses", _lag),
}
