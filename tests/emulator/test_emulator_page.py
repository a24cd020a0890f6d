"""The page at `/`: what it says, and that nothing in it can run, load or rearrange anything."""

from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from reconcile.model import marker
from tests.emulator.client import Toloka, bonus
from tests.support.emulator import EmulatorProcess

ACCOUNT = "e0000000000000000000000000000001"
PAYMENT = bytes.fromhex("6dd303c5a67157d6b149274d46b6b2f9")
HOSTILE = '</td><script>alert(1)</script><img src="http://evil.example/x" onerror=alert(1)>\x1b[2J\u202e&amp;'


class Reader(HTMLParser):
    """Collects tags, attributes, tables and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.titles: list[str] = []
        self.style = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "link"):
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "h2":
            self.titles.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside in ("td", "th"):
            self.tables[-1][-1][-1] += data
        elif inside == "h2":
            self.titles[-1] += data
        elif inside == "style":
            self.style += data


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> httpx.Response:
    """The page of an emulator that paid two campaigns, a stranger and a hostile name."""
    db = tmp_path_factory.mktemp("page") / "ledger.db"
    with EmulatorProcess(db, {"start-ms": 0, "run-ms": 0}) as emulator:
        toloka = Toloka(emulator, account=ACCOUNT)
        for user, amount, campaign in (("w1", 1200.0, "labels"), ("w1", 0.125, "labels"), ("w2", 2, "prüfung")):
            body = bonus(user, min(amount, 100), private_comment="thanks" + marker(campaign, "", 1, PAYMENT))
            assert toloka.post(body).status_code == 201
        toloka.post_async([bonus(HOSTILE, 3, private_comment=HOSTILE)], "5783fd3f-eab9-5fdb-bf63-0182a85f89b2")
        toloka.http.close()
        return httpx.get(emulator.endpoint)


@pytest.fixture(scope="module")
def read(answer: httpx.Response) -> Reader:
    reader = Reader()
    reader.feed(answer.text)
    reader.close()
    assert reader.open == []
    return reader


def test_the_page_shows_totals_operations_and_bonuses(read: Reader) -> None:
    assert read.titles == ["Paid by campaign", "Paid by recipient", "Newest operations", "Newest bonuses"]
    campaigns, recipients, operations, bonuses = read.tables
    assert campaigns == [
        ["Campaign", "Bonuses", "Paid, USD"],
        ["labels", "2", "100.125"],
        ["no marker", "1", "3.00"],
        ["prüfung", "1", "2.00"],
    ]
    assert [row[1:] for row in recipients] == [["Bonuses", "Paid, USD"], ["2", "100.125"], ["1", "3.00"], ["1", "2.00"]]
    assert [operations[1][0], *operations[1][2:]] == ["5783fd3f-eab9-5fdb-bf63-0182a85f89b2", "SUCCESS", "1 of 1", "1"]
    assert [row[4] for row in bonuses] == ["Amount", "3.00 USD", "2.00 USD", "0.125 USD", "100.00 USD"]


def test_hostile_text_is_shown_and_not_obeyed(read: Reader) -> None:
    shown = HOSTILE.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
    assert read.tables[1][2][0] == shown
    assert read.tables[3][1][5] == shown


def test_the_page_runs_and_loads_nothing(read: Reader) -> None:
    assert not {"script", "img", "iframe", "form", "object", "a"} & set(read.tags)
    values = [value or "" for name, value in read.attributes]
    assert not [value for value in values if "//" in value or value.startswith("javascript")]
    assert not [name for name, _ in read.attributes if name.startswith("on") or name == "style"]


def test_the_content_security_policy_allows_the_pages_own_style_alone(answer: httpx.Response, read: Reader) -> None:
    digest = b64encode(sha256(read.style.encode()).digest()).decode()
    assert answer.headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_an_empty_emulator_says_so(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path / "ledger.db") as emulator:
        assert httpx.get(emulator.endpoint).text.count("None yet.") == 4
