"""What a terminal or a CI runner would obey is shown instead."""

import pytest

from reconcile.render.safe import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("image-labels-2026-w47", "image-labels-2026-w47"),
        ("Prüfung Проверка 検査 👍", "Prüfung Проверка 検査 👍"),
        ("a b", "a b"),
        ("no\xa0break", "no\xa0break"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("two\nlines\r\tx", "two\\nlines\\r\\tx"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("user\u202egpj.exe", "user\\u202egpj.exe"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("::error::x", "\\::error::x"),
        ("  ::set-output name=x::y", "  \\::set-output name=x::y"),
        ("std::vector", "std::vector"),
        ("x ##[group]y", "x ##\\[group]y"),
    ],
)
def test_what_would_be_obeyed_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown
