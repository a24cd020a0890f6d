"""Hostile texts in every field that takes them, from specs and from the provider: shown by every command, obeyed by none."""

import csv
import html.parser
import io
import json
import re
import unicodedata
from pathlib import Path

import pytest

from tests.security.relay import Altered, Heard, relaying
from tests.support.cli import bonusctl, project, write_specs
from tests.support.emulator import EmulatorProcess

CONFIG = """\
version: 1
providers:
  toloka: {{type: toloka, environment: sandbox, endpoint: "http://127.0.0.1:{port}", timeout: 2, settle_window: 1,
    operation_timeout: 1, fee_percent: 0}}
policies: {{allow_top_up: true}}
"""
# What an id may hold: no control character, slash, bracket or number sign.
IDS = (
    "=HYPERLINK(1)",
    "@SUM(A1)",
    "+1+1",
    "-1",
    "::error::owned",
    "<script>alert(1)<script>",
    "`x`|y",
    "*b* _i_ ~s~",
    "&lt;",
)
ESCAPES = (
    "\x1b[2J\x1b]0;owned\x07\x9b31m\x08\r\u202egnp.exe\u2066\u200b\ufeff\n::error file=a,line=1::owned\n##[error]owned"
)
OWNED = "</td></code></pre><script>owned()</script><img src=x onerror=owned()>![x](http://evil.example/p.png)"


class Tags(html.parser.HTMLParser):
    """The tags, attributes and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose bonuses and whose provider say hostile things, with some paid, some rejected and some to pay."""
    folder = project(tmp_path_factory.mktemp("hostile"))

    def alter(heard: Heard, true: bytes) -> Altered | None:
        if "requester" in heard.target:
            return Altered(body=json.dumps(json.loads(true) | {"public_name": {"EN": ESCAPES + OWNED}}).encode())
        if heard.is_payment and b"rejected" in heard.body:
            error = {"code": "VALIDATION_ERROR", "message": ESCAPES + OWNED, "request_id": "::error::owned"}
            return Altered("400 Bad Request", json.dumps(error).encode())
        return None

    def rows(amount: str) -> list[str]:
        found = [
            f"{{user_id: {json.dumps(one)}, amount: {amount}, key: {json.dumps(one)}, assignment_id: {json.dumps(one)}, "
            f"public_title: {json.dumps({'EN': OWNED})}, private_comment: {json.dumps(OWNED)}}}"
            for one in IDS
        ]
        return [*found, f"{{user_id: rejected, amount: {amount}, private_comment: {json.dumps(OWNED)}}}"]

    with (
        EmulatorProcess(folder / "remote.db", {"run-ms": 0}) as emulator,
        relaying(emulator, alter) as server,
    ):
        (folder / "bonusctl.yaml").write_text(CONFIG.format(port=server.port))
        campaign = '"=cmd|<b>::error::x"'
        write_specs(folder, *rows("1.00"), campaign=campaign)
        ended = bonusctl(folder, "-v", "apply", "--auto-approve", "--wait", "0", environ={"TOLOKA_TOKEN": "AQAD-t"})
        (folder / "apply.txt").write_text(ended.out + ended.err)
        doctor = bonusctl(folder, "-v", "doctor", environ={"TOLOKA_TOKEN": "AQAD-t"})
        (folder / "doctor.txt").write_text(doctor.out + doctor.err)
        more = f"{{user_id: rejected2, amount: 1.00, private_comment: {json.dumps(OWNED)}}}"
        write_specs(folder, *rows("1.00"), more, campaign=campaign)
        again = bonusctl(
            folder, "apply", "--auto-approve", "--wait", "0", "--format", "json", environ={"TOLOKA_TOKEN": "AQAD-t"}
        )
        (folder / "apply.json.txt").write_text(again.out + again.err)
        doctor = bonusctl(folder, "doctor", "--format", "json", environ={"TOLOKA_TOKEN": "AQAD-t"})
        (folder / "doctor.json.txt").write_text(doctor.out + doctor.err)
    write_specs(folder, *rows("1.25"), campaign=campaign)
    assert bonusctl(folder, "plan", "--out", "saved.bonusplan").code in (0, 1)
    return folder


def obeyed(text: str) -> list[str]:
    """What of a text a terminal or a CI runner would obey: control characters, overrides, workflow commands."""
    found = [
        f"U+{ord(one):04X}" for one in text if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp") and one != "\n"
    ]
    found += [line[:40] for line in text.split("\n") if re.match(r"\s*::[a-z-]+[ :]", line) or "##[" in line]
    return found


READS = {
    "validate": ("validate",),
    "plan": ("-v", "plan"),
    "plan of one": ("plan", "--target", "=cmd|<b>::error::x/@SUM(A1)/@SUM(A1)#@SUM(A1)"),
    "status": ("-v", "status"),
    "history": ("history",),
    "report": ("report", "--by", "campaign,recipient"),
    "list": ("state", "list"),
    "show": ("state", "show", "=cmd|<b>::error::x/@SUM(A1)/@SUM(A1)#@SUM(A1)"),
    "verify": ("state", "verify"),
    "masked": ("plan", "--mask-recipients"),
}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_in_text_or_json_is_obeyed_by_a_terminal(hostile: Path, name: str, form: str) -> None:
    ended = bonusctl(hostile, *READS[name], "--format", form)
    assert ended.out, ended
    assert obeyed(ended.out + ended.err) == []


@pytest.mark.parametrize("name", ["apply.txt", "doctor.txt", "apply.json.txt", "doctor.json.txt"])
def test_what_the_provider_said_is_shown_and_not_obeyed(hostile: Path, name: str) -> None:
    text = (hostile / name).read_text()
    assert "owned" in text
    assert obeyed(text) == []


def test_annotations_for_github_hold_one_command_a_line_and_it_is_ours(hostile: Path, tmp_path: Path) -> None:
    folder = project(tmp_path)
    write_specs(folder, *(f"{{user_id: {json.dumps(one)}, amount: -1}}" for one in IDS))
    ended = bonusctl(folder, "validate", "--format", "github")
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert len(lines) >= len(IDS)
    assert {line.split("::")[1].split(" ")[0] for line in lines if line.startswith("::")} == {"error"}
    assert all(re.match(r"::error file=specs/week\.yaml,line=\d+,", line) for line in lines if line.startswith("::"))


def test_no_cell_of_the_csv_is_a_formula(hostile: Path) -> None:
    ended = bonusctl(hostile, "report", "--by", "campaign,recipient", "--format", "csv")
    rows = list(csv.reader(io.StringIO(ended.out)))
    assert len(rows) > len(IDS)
    assert [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@", "\t", "\r")] == []


def test_the_page_has_no_script_no_address_and_a_policy_that_allows_none(hostile: Path) -> None:
    page = Tags()
    text = bonusctl(hostile, "plan", "--format", "html").out
    page.feed(text)
    assert not page.tags & {"script", "img", "iframe", "object", "embed", "link", "form", "base", "svg", "video", "a"}
    assert not {name for name in page.attributes if name.startswith("on")} | page.attributes & {"src", "href", "action"}
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert obeyed(text) == []


def test_markdown_holds_no_live_html_and_no_image(hostile: Path) -> None:
    text = bonusctl(hostile, "plan", "--format", "markdown").out
    outside = re.sub(r"(?s)```text\n.*?\n```|(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert "<script" not in outside
    assert "<img" not in outside
    assert "![" not in outside
    assert "evil.example" not in outside
    assert obeyed(text) == []


def test_beancount_reads_no_text_as_an_entry(hostile: Path) -> None:
    """Every line is a comment, a directive that we write, or the indented inside of one; texts stand in quotes."""
    text = bonusctl(hostile, "report", "--format", "beancount").out
    assert text
    ours = re.compile(r'(?:;.*|option "[^"]*" "[^"]*"|\d{4}-\d\d-\d\d (?:open|commodity|\*) .*|  .*|)')
    assert [line for line in text.split("\n") if not ours.fullmatch(line)] == []
    assert obeyed(text) == []


def test_an_export_is_json_lines_whose_texts_are_whole(hostile: Path) -> None:
    """Nothing is lost by showing it safely: the journal holds what was said."""
    lines = bonusctl(hostile, "state", "export").out.splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert any("@SUM(A1)" in line for line in lines)
    assert obeyed("\n".join(lines)) == []
