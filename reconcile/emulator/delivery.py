"""How an answer's bytes leave: whole, or as the orders of a fault say. Also what a fault does to a true answer."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from reconcile.emulator.messages import Answer
from reconcile.emulator.orders import Delivery, Spoil
from reconcile.emulator.wirejson import JsonError, dumps, loads

_OTHER_ID: Final = "00000000-0000-4000-8000-000000000001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """The bytes of one answer and how they travel. `keep_alive`: the connection may serve another request."""

    raw: bytes
    head_bytes: int
    delivery: Delivery
    drip_ms: int
    keep_alive: bool


def deliver(transport: asyncio.Transport, parcel: Parcel, done: Callable[[], None]) -> None:
    """Send a parcel; `done` is called if and when the connection can take another request."""
    match parcel.delivery:
        case Delivery.WHOLE | Delivery.SHORTEN:  # a short answer says its true length
            transport.write(parcel.raw)
            if parcel.keep_alive:
                done()
            else:
                transport.close()
        case Delivery.CLOSE:
            transport.close()
        case Delivery.RESET:
            _reset(transport)
        case Delivery.TRUNCATE:
            transport.write(parcel.raw[: parcel.head_bytes + (len(parcel.raw) - parcel.head_bytes) // 2])
            transport.close()
        case Delivery.HANG:
            pass  # until the client gives up
        case Delivery.DRIP:
            _drip(transport, parcel, 0, done)
        case _:
            assert_never(parcel.delivery)


def shorten(answer: Answer) -> Answer:
    """An answer whose body ends early, and whose length says so."""
    return answer._replace(body=answer.body[: len(answer.body) // 2])


def spoil(answer: Answer, how: Spoil) -> Answer:
    """A true answer made wrong."""
    if how is Spoil.GARBLE:
        middle = len(answer.body) // 2
        return answer._replace(body=answer.body[:middle] + b'\xff{"' + answer.body[middle + 3 :])
    try:
        value = loads(answer.body)
    except JsonError:
        return answer
    if not isinstance(value, dict):
        return answer
    wrong = _with_wrong_id(value) if how is Spoil.WRONG_ID else _with_wrong_counts(value)
    return answer._replace(body=dumps(wrong).encode())


def _with_wrong_id(value: dict[str, object]) -> dict[str, object]:
    items = value.get("items")
    if isinstance(items, dict):
        return {**value, "items": {str(int(position) + 7): bonus for position, bonus in items.items()}}
    return {**value, "id": _OTHER_ID}


def _with_wrong_counts(value: dict[str, object]) -> dict[str, object]:
    if isinstance(value.get("items"), dict):
        return {**value, "items": {}, "validation_errors": {}}
    counts = ("total_count", "valid_count", "not_valid_count", "success_count", "failed_count")
    return {**value, "details": dict.fromkeys(counts, 7)}


def _reset(transport: asyncio.Transport) -> None:
    wire = transport.get_extra_info("socket")
    # Lingering for zero seconds: closing sends RST in place of FIN.
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _drip(transport: asyncio.Transport, parcel: Parcel, sent: int, done: Callable[[], None]) -> None:
    if transport.is_closing():
        return
    if sent >= len(parcel.raw):
        done()
        return
    transport.write(parcel.raw[sent : sent + 1])
    loop = asyncio.get_running_loop()
    loop.call_later(parcel.drip_ms / 1000, _drip, transport, parcel, sent + 1, done)
