"""The review as one HTML file: well formed, nothing remote, nothing that runs, no text of anybody's out of its place."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from reconcile.render.html import STYLE
from reconcile.render.plan_review import render_plan_html
from tests.plan.plan_world import Records, bonus, plan
from tests.render.review_world import FIRST, HOSTILE, hostile, usual

VOID = {"meta"}
ATTRIBUTES = {
    "html": {"lang"}, "meta": {"charset", "http-equiv", "content", "name"}, "th": {"scope", "class"}, "td": {"class"},
    "div": {"class", "role"},
}  # fmt: skip
ELEMENTS = {
    *ATTRIBUTES, "head", "body", "title", "style", "h2", "h3", "p", "pre", "code", "strong", "table", "thead", "tbody",
    "tr", "details", "summary",
}  # fmt: skip


class Page(HTMLParser):
    """Elements as they nest, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.policy = ""
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS, tag
        assert {name for name, _ in attrs} <= ATTRIBUTES.get(tag, set()), (tag, attrs)
        self.elements.append(tag)
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"] or ""
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def page(text: str) -> Page:
    return Page(text)


def test_the_policy_allows_the_one_style_and_nothing_else() -> None:
    allowed = b64encode(sha256(STYLE.encode()).digest()).decode()
    assert page("".join(render_plan_html(usual()))).policy == (
        f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    )


def test_the_style_asks_for_nothing_remote_and_knows_dark_and_print() -> None:
    assert not re.search(r"url\(|@import|https?:", STYLE)
    assert "prefers-color-scheme: dark" in STYLE
    assert "@media print" in STYLE


def test_the_page_says_what_the_plan_is() -> None:
    text = page("".join(render_plan_html(usual()))).text
    for words in ("Bonus plan: 3 payments, 6.00 USD", "7.20 USD", "Another address:", FIRST, usual().digest):
        assert words in text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_makes_no_element(text: str) -> None:
    made = page("".join(render_plan_html(hostile(text))))
    assert made.elements == page("".join(render_plan_html(hostile("harmless")))).elements


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_unseen_is_left(text: str) -> None:
    made = "".join(render_plan_html(hostile(text)))
    assert all(character.isprintable() or character == "\n" for character in made)


def test_html_is_whole_unless_a_length_is_asked_for() -> None:
    made = plan(*(bonus(f"w47/worker-{number:05}", "1.00") for number in range(3_000)), state=Records())
    assert "".join(render_plan_html(made)).count("<code>worker-") == 3_000
    cut = "".join(render_plan_html(made, max_chars=20_000))
    assert len(cut) <= 20_000
    assert "left out for length." in cut
