"""HTTP/1.1 as far as the emulator speaks it: requests from bytes, answers to bytes. Pure, and bounded."""

from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from reconcile.emulator.wirejson import dumps

HEAD_BYTES_MAX: Final = 32 * 1024
BODY_BYTES_MAX: Final = 16 * 1024 * 1024

REASONS: Final = {
    200: "OK",
    201: "Created",
    204: "No Content",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class Malformed(Exception):
    """Bytes that are no request we take; the connection ends after the answer. `status` is that answer's."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Request(NamedTuple):
    """A whole request. `path` is decoded; `query` holds the pairs in their order; header names are in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    target: str
    headers: dict[str, str]
    body: bytes
    keep_alive: bool

    def parameter(self, name: str, default: str = "") -> str:
        """The last value given for a query parameter."""
        return dict(self.query).get(name, default)


class Answer(NamedTuple):
    """What goes back. The server adds Date, Content-Length and Connection."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


def json_answer(status: int, value: object) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, dumps(value).encode())


def plain_answer(status: int, text: str) -> Answer:
    """An answer outside any API."""
    return Answer(status, f"{text}\n".encode(), "text/plain; charset=utf-8")


class Head(NamedTuple):
    """Everything before a body: how many bytes it took, and how many the body has."""

    method: str
    target: str
    headers: dict[str, str]
    keep_alive: bool
    head_bytes: int
    body_bytes: int


def parse_head(buffer: bytes | bytearray) -> Head | None:
    """The head at the start of `buffer`, None while it is not complete. Raises Malformed."""
    end = buffer.find(b"\r\n\r\n", 0, HEAD_BYTES_MAX)
    if end < 0:
        if len(buffer) >= HEAD_BYTES_MAX:
            raise Malformed(431)
        return None
    lines = buffer[:end].decode("latin-1").split("\r\n")
    method, target, version = _request_line(lines[0])
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Malformed(400)
        headers[name.lower()] = value.strip()
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection and (version == "HTTP/1.1" or "keep-alive" in connection)
    return Head(method, target, headers, keep_alive, end + 4, _body_length(headers))


def make_request(head: Head, body: bytes) -> Request:
    """The request of a head and its body. Raises Malformed for a target that is no path."""
    try:
        parts = urlsplit(head.target)
        query = tuple(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100, errors="strict"))
        path = unquote(parts.path, errors="strict")
    except ValueError as exc:
        raise Malformed(400) from exc
    return Request(head.method, path, query, head.target, head.headers, body, head.keep_alive)


def render(answer: Answer, *, date: str, keep_alive: bool) -> bytes:
    """The bytes of an answer, in one piece."""
    extra = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    head = (
        f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Status')}\r\n"
        f"Date: {date}\r\n"
        f"Content-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(answer.body)}\r\n"
        f"Connection: {'keep-alive' if keep_alive else 'close'}\r\n"
        f"Cache-Control: no-store\r\n{extra}\r\n"
    )
    return head.encode("latin-1", "replace") + answer.body


def _request_line(line: str) -> tuple[str, str, str]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0") or not parts[1].startswith("/"):
        raise Malformed(400)
    return parts[0], parts[1], parts[2]


def _body_length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise Malformed(411)
    text = headers.get("content-length", "0")
    if not text.isascii() or not text.isdigit():
        raise Malformed(400)
    length = int(text[:12])
    if length > BODY_BYTES_MAX:
        raise Malformed(413)
    return length
