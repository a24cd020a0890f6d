"""A GitHub of one repository: a real HTTP server with memory for comments, statuses and pull requests.

It answers as the REST interface does (a page at a time, 401 without a token, 404 for what is not there), and can be
told to answer a request with something else. `requests` is the log: method, path, Authorization.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

REPOSITORY = "acme/bonuses"
TOKEN = "ghs_canary0123456789ABCDEFGHIJKLMNOPQR"
BOT = "github-actions[bot]"

Json = dict[str, Any]


class Request(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    authorization: str


class Fault(NamedTuple):
    """What is answered instead, to requests of `method` whose path matches; `times` of them, then no more."""

    method: str
    pattern: str
    status: int
    body: bytes
    times: int = 1_000


@dataclass
class Memory:
    """What the server knows."""

    login: str = BOT
    comments: dict[int, list[Json]] = field(default_factory=dict)
    statuses: dict[str, list[Json]] = field(default_factory=dict)
    pulls: list[Json] = field(default_factory=list)
    histories: dict[str, list[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    count: int = 0

    def next_id(self) -> int:
        """A new id."""
        self.count += 1
        return self.count

    def comment(self, number: int, body: str, login: str) -> Json:
        """Keep a comment on a pull request."""
        made = {"id": self.next_id(), "body": body, "user": {"login": login}}
        self.comments.setdefault(number, []).append(made)
        return made

    def status(self, sha: str, value: Json, login: str) -> Json:
        """Keep a status; the newest stands first."""
        made = {"id": self.next_id(), "target_url": None, "description": None, **value, "creator": {"login": login}}
        self.statuses.setdefault(sha, []).insert(0, made)
        return made

    def pull(self, number: int, *, head: str, merge: str = "", base: str = "main", fork: bool = False) -> Json:
        """Keep a pull request, merged where `merge` is its commit."""
        made = {
            "number": number,
            "merged_at": "2026-11-22T10:00:00Z" if merge else None,
            "merge_commit_sha": merge or None,
            "base": {"ref": base, "repo": {"full_name": REPOSITORY}},
            "head": {"sha": head, "repo": {"full_name": "stranger/bonuses" if fork else REPOSITORY}},
        }
        self.pulls.append(made)
        return made


class Server(ThreadingHTTPServer):
    """The server; `memory` is what it knows."""

    daemon_threads = True
    block_on_close = True

    def __init__(self) -> None:
        self.memory = Memory()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """What GITHUB_API_URL says."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def github() -> Iterator[Server]:
    """A server for the time of a test."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An idle connection of a client that is gone must not hold the end of a test.
    timeout = 5

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def _serve(self) -> None:
        assert isinstance(self.server, Server)
        memory = self.server.memory
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        authorization = self.headers.get("Authorization", "")
        memory.requests.append(Request(self.command, self.path, authorization))
        for number, fault in enumerate(memory.faults):
            if fault.method == self.command and re.search(fault.pattern, self.path) and fault.times:
                memory.faults[number] = fault._replace(times=fault.times - 1)
                return self._answer(fault.status, fault.body)
        if authorization != f"Bearer {TOKEN}":
            return self._answer(401, b'{"message": "Bad credentials"}')
        status, value = self._found(memory, json.loads(body or b"{}"))
        return self._answer(status, json.dumps(value).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _found(self, memory: Memory, value: Json) -> tuple[int, Any]:
        parts = urlsplit(self.path)
        path = parts.path.removeprefix(f"/repos/{REPOSITORY}")
        match self.command, *path.strip("/").split("/"):
            case "GET", "issues", number, "comments":
                return 200, self._page(memory.comments.get(int(number), []))
            case "POST", "issues", number, "comments":
                if len(value["body"]) > 65_536:
                    return 422, {"message": "Validation Failed: body is too long (maximum is 65536 characters)"}
                return 201, memory.comment(int(number), value["body"], memory.login)
            case "PATCH", "issues", "comments", number:
                (found,) = [one for rows in memory.comments.values() for one in rows if one["id"] == int(number)]
                found["body"] = value["body"]
                return 200, found
            case "POST", "statuses", sha:
                if len(value["description"]) > 140:
                    return 422, {"message": "Validation Failed: description is too long (maximum is 140 characters)"}
                return 201, memory.status(sha, value, memory.login)
            case "GET", "commits", sha, "statuses":
                return 200, self._page(memory.statuses.get(sha, []))
            case "GET", "commits", sha, "pulls":
                return 200, self._page([one for one in memory.pulls if one["merge_commit_sha"] == sha])
            case "GET", "pulls", number:
                found_pulls = [one for one in memory.pulls if one["number"] == int(number)]
                return (200, found_pulls[0]) if found_pulls else (404, {"message": "Not Found"})
            case "GET", "compare", names:
                older, _, newer = names.partition("...")
                inside = older == newer or older in memory.histories.get(newer, [])
                return 200, {"status": "ahead" if inside else "diverged"}
        return 404, {"message": "Not Found"}

    def _page(self, rows: list[Json]) -> list[Json]:
        asked = parse_qs(urlsplit(self.path).query)
        size, page = int(asked.get("per_page", ["30"])[0]), int(asked.get("page", ["1"])[0])
        return rows[(page - 1) * size : page * size]
