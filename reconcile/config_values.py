"""Single values of a config: each reader takes a node, gives a value or reports what is wrong with it."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from reconcile.money import AmountError, parse_amount
from reconcile.spec.ids import id_problem, normalized
from reconcile.spec.nodes import MappingNode, Node, SequenceNode, is_absent, is_scalar, place, what
from reconcile.spec.report import Report, quoted
from reconcile.spec.secrets import ADVICE, is_secret_key, looks_secret
from reconcile.spec.suggest import closest, did_you_mean

_DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,11}", re.ASCII)


class Values:
    """Reads the nodes of one config."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def error(self, node: Node, code: str, summary: str, *, detail: str = "", hint: str = "") -> None:
        """Report what is wrong with a node."""
        line, column = place(node)
        self.report.error(code, summary, detail=detail, hint=hint, line=line, column=column)

    def mapping(self, node: Node | None, name: str, known: Sequence[str], *, where: str) -> dict[str, Node]:
        """The values of a mapping by key, without absent ones; unknown keys are reported. `where` ends a sentence."""
        if node is None or is_absent(node):
            return {}
        if not isinstance(node, MappingNode):
            self.error(
                node, "type", f"`{name}` is {what(node)}, not a mapping", hint="Write `key: value` lines below it."
            )
            return {}
        found = {}
        for key, value in node.pairs:
            if key.value in known:
                if not is_absent(value):
                    found[key.value] = value
            else:
                self.unknown(key, known, where)
        return found

    def unknown(self, key: Node, known: Sequence[str], where: str) -> None:
        """Report a key that does not belong there; a secret's is named without its line."""
        line, column = place(key)
        if is_secret_key(key.value):
            summary = f"{quoted(key.value)} does not belong in a config"
            self.report.secret(summary, line=line, column=column, hint=ADVICE)
            return
        hint = did_you_mean(key.value, known, kind="keys")
        self.error(key, "unknown-key", f"Unknown key {quoted(key.value)} {where}", hint=hint)

    def secrets(self, node: Node) -> None:
        """Report every value with the look of a token, however deep."""
        if isinstance(node, MappingNode):
            for _, value in node.pairs:
                self.secrets(value)
        elif isinstance(node, SequenceNode):
            for item in node.items:
                self.secrets(item)
        elif looks_secret(node.value):
            line, column = place(node)
            self.report.secret("A value looks like a token or key", line=line, column=column, hint=ADVICE)

    def text(self, node: Node | None, name: str) -> str | None:
        """A text; None if there is none, or it is nested (reported)."""
        if node is None or is_absent(node):
            return None
        if not is_scalar(node):
            self.error(node, "type", f"`{name}` is {what(node)}, not a text")
            return None
        return str(node.value)

    def name(self, node: Node | None, name: str) -> str | None:
        """A text that may be part of an identity or an address."""
        text = self.text(node, name)
        if text is None:
            return None
        problem = id_problem(text, name)
        if problem is None:
            return normalized(text)
        # What looks like a token is reported by `secrets`, once.
        if problem.code != "secret":
            self.error(node, problem.code, problem.summary, detail=problem.detail, hint=problem.hint)
        return None

    def texts(self, node: Node | None, name: str) -> tuple[str, ...] | None:
        """A text or a list of texts."""
        if isinstance(node, SequenceNode):
            texts = [self.text(item, name) for item in node.items]
            if any(is_absent(item) for item in node.items):
                self.error(node, "type", f"`{name}` holds an empty entry", hint="Take it away.")
            return tuple(text for text in texts if text is not None)
        text = self.text(node, name)
        return None if text is None else (text,)

    def choice(self, node: Node | None, name: str, known: Iterable[str]) -> str | None:
        """One of a few words."""
        text = self.text(node, name)
        if text is None or text in (words := list(known)):
            return text
        near = closest(text, words)
        shown = ", ".join(f"`{word}`" for word in words)
        hint = f"Did you mean `{near}`?" if near else f"Known are {shown}."
        self.error(
            node,
            "value",
            f"`{name}` knows no {quoted(text)}",
            detail="" if not near else f"Known are {shown}.",
            hint=hint,
        )
        return None

    def flag(self, node: Node | None, name: str) -> bool | None:
        """`true` or `false`."""
        text = self.text(node, name)
        if text is None or text in ("true", "false"):
            return None if text is None else text == "true"
        near = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}.get(text.lower())
        near = near or (text.lower() if text.lower() in ("true", "false") else None)
        hint = f"Did you mean `{near}`?" if near else "Write `true` or `false`."
        self.error(node, "flag", f"`{name}` is neither `true` nor `false`", hint=hint)
        return None

    def number(self, node: Node | None, name: str, *, least: int, most: int, unit: str = "") -> int | None:
        """A whole number within bounds."""
        text = self.text(node, name)
        if text is None:
            return None
        if _DIGITS.fullmatch(text) is None:
            self.error(
                node, "number", f"`{name}` is no whole number", hint=f"Write digits alone: {least} to {most}{unit}."
            )
            return None
        if least <= int(text) <= most:
            return int(text)
        self.error(
            node, "bounds", f"`{name}` is {text}, outside of {least} to {most}{unit}", hint="Choose a value between."
        )
        return None

    def amount(self, node: Node | None, name: str, *, decimals_max: int) -> Decimal | None:
        """A plain decimal."""
        text = self.text(node, name)
        if text is None:
            return None
        try:
            return parse_amount(text, decimals_max=decimals_max)
        except AmountError as error:
            self.error(node, "amount", f"`{name}`: {error}", detail=f"The file says {quoted(text)}.", hint=error.hint)
            return None
