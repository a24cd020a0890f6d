"""The fields of a bonus in YAML, read with care: every rule and every message. The usual bonus takes the short way
(`reconcile.spec.bonus`), which agrees with this one.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from reconcile.money import AmountError, format_amount, parse_amount
from reconcile.providers.rules import Field, FieldKind, ProviderRules, Tariff
from reconcile.spec.given import ALLOWANCES, OUR_FIELDS, Former, Given, Said
from reconcile.spec.ids import NULLS, id_problem, normalized
from reconcile.spec.nodes import ABSENT, MappingNode, Node, SequenceNode, is_absent, is_scalar, place, what
from reconcile.spec.report import Report, quoted
from reconcile.spec.secrets import ADVICE, is_secret_key, looks_secret
from reconcile.spec.suggest import did_you_mean
from reconcile.spec.templates import Template, TemplateProblem, parse_template
from reconcile.spec.texts import Problem, language_problem, problem_of

_AMOUNTS_KEPT: Final = 10_000
_TOO_SMALL: Final = "Correct the amount, or take the bonus out."
_TOO_LARGE: Final = "Correct the amount; a larger sum is split over bonuses with different keys."


class Amounts:
    """Amounts of one tariff, each distinct text parsed once."""

    def __init__(self, tariff: Tariff) -> None:
        self.tariff = tariff
        self.known: dict[str, Decimal] = {}

    def read(self, text: str, field: str = "amount") -> Decimal | Problem:
        """The amount that a text states, within the provider's bounds; else what is wrong with it."""
        amount = self.known.get(text)
        if amount is not None:
            return amount
        try:
            amount = parse_amount(text, decimals_max=self.tariff.decimals)
        except AmountError as error:
            return Problem("amount", f"`{field}`: {error}", f"The file says {quoted(text)}.", error.hint)
        tariff = self.tariff
        if not tariff.amount_min <= amount <= tariff.amount_max:
            side, instead = ("less", _TOO_SMALL) if amount < tariff.amount_min else ("more", _TOO_LARGE)
            return Problem(
                "amount-bounds",
                f"`{field}`: {format_amount(amount)} {tariff.currency} is {side} than the provider pays at a time",
                f"It pays {format_amount(tariff.amount_min)} to {format_amount(tariff.amount_max)} {tariff.currency}.",
                instead,
            )
        if len(self.known) < _AMOUNTS_KEPT:
            self.known[text] = amount
        return amount


class FieldReader:
    """Reads mappings of bonus fields of one file."""

    def __init__(self, rules: ProviderRules, tariff: Tariff, report: Report) -> None:
        self.rules = rules
        self.amounts = Amounts(tariff)
        self.report = report
        self.fields = {field.name: field for field in rules.fields}
        self.known = frozenset((*self.fields, *OUR_FIELDS))

    def given(self, pairs: Iterable[tuple[str, Node]], *, skip: frozenset[str] = frozenset()) -> tuple[Given, bool]:
        """What (key, value) pairs state, and whether all of it is well. Keys in `skip` are another reader's."""
        before = self.report.diagnostics.errors
        read: dict[str, object] = {}
        said: dict[str, Said] = {}
        for name, node in pairs:
            if name in skip:
                continue
            field = self.fields.get(name)
            if field is not None:
                self._field(field, node, read, said)
            elif name in OUR_FIELDS:
                self._ours(name, node, read)
        given = Given(said=said, **read)  # type: ignore[arg-type]  # keys and types as _field and _ours put them
        return given, self.report.diagnostics.errors == before

    def unknown(self, key: Node, *, also: Iterable[str] = ()) -> None:
        """Report a key that no bonus has."""
        line, column = place(key)
        if is_secret_key(key.value):
            self.report.secret(f"{quoted(key.value)} does not belong in a spec", line=line, column=column, hint=ADVICE)
            return
        known = [*self.fields, *OUR_FIELDS, *also]
        hint = "" if self.report.full else did_you_mean(key.value, known, kind="keys")
        if key.value.isdecimal():
            # `{user_id: a, amount: 1,50}`: to YAML the comma ends the value.
            hint = f"Between braces a comma ends a value: write an amount with a point, such as 1.{key.value}."
        self.report.error(
            "unknown-key",
            f"Unknown key {quoted(key.value)}",
            detail=f"A bonus at {self.rules.title} has no such field; a misspelled one would be left out.",
            hint=hint,
            line=line,
            column=column,
        )

    def problem(self, problem: Problem, node: Node, *, shift: int = 0) -> None:
        """Report what is wrong with a value."""
        line, column = place(node)
        if problem.code == "secret":
            self.report.secret(problem.summary, line=line, column=column, hint=problem.hint)
            return
        self.report.error(
            problem.code, problem.summary, line=line, column=column + shift, detail=problem.detail, hint=problem.hint
        )

    # --- the provider's fields -------------------------------------------------------------------------------------

    def _field(self, field: Field, node: Node, read: dict[str, object], said: dict[str, Said]) -> None:
        if is_absent(node):
            return
        match field.kind:
            case FieldKind.RECIPIENT:
                self._id(field, node, "recipient", read)
            case FieldKind.ASSIGNMENT:
                self._id(field, node, "assignment_id", read)
            case FieldKind.AMOUNT:
                self._amount(field, node, read)
            case FieldKind.TEXT:
                self._put(said, field.name, self._text(field, node))
            case FieldKind.TEXT_BY_LANGUAGE:
                self._put(said, field.name, self._by_language(field, node))
            case FieldKind.FLAG:
                self._put(said, field.name, self._flag(field, node))

    def _put(self, said: dict[str, Said], name: str, value: Said | None) -> None:
        if value is not None:
            said[name] = value

    def _id(self, field: Field, node: Node, slot: str, read: dict[str, object]) -> None:
        text = self.id_text(node, field.name, length_max=field.length_max, pattern=field.pattern)
        if text is not None:
            read[slot] = text

    def id_text(self, node: Node, name: str, *, length_max: int = 128, pattern: str = "") -> str | None:
        """A part of an identity, normalized; None (reported) if it cannot be one."""
        if not is_scalar(node):
            self.problem(Problem("type", f"`{name}` is {what(node)}, not a text"), node)
            return None
        problem = id_problem(node.value, name, length_max=length_max, pattern=pattern)
        if problem is not None:
            self.problem(problem, node)
            return None
        self._warn_of_null(node, name)
        return normalized(node.value)

    def _warn_of_null(self, node: Node, name: str) -> None:
        if node.value not in NULLS or node.style:
            return
        line, column = place(node)
        self.report.warning(
            "null",
            f"`{name}` is read as the text `{node.value}`",
            detail="Values are the text that stands in the file; nothing is written as `~`, or left away.",
            hint="Leave the field away if there is none, or put the text in quotes if it is meant.",
            line=line,
            column=column,
        )

    def _amount(self, field: Field, node: Node, read: dict[str, object]) -> None:
        if not is_scalar(node):
            self.problem(Problem("type", f"`{field.name}` is {what(node)}, not an amount"), node)
            return
        amount = self.amounts.read(node.value, field.name)
        if isinstance(amount, Problem):
            self.problem(amount, node)
        else:
            read["amount"] = amount

    def _text(self, field: Field, node: Node) -> str | Template | None:
        if not is_scalar(node):
            self.problem(Problem("type", f"`{field.name}` is {what(node)}, not a text"), node)
            return None
        self._warn_of_null(node, field.name)
        template = parse_template(node.value)
        if isinstance(template, TemplateProblem):
            shift = 0 if node.style else template.at
            self.problem(Problem("template", template.summary, "", template.hint), node, shift=shift)
            return None
        if template.names:
            return template
        problem = problem_of(template.texts[0], field.name, field.length_max)
        if problem is not None:
            self.problem(problem, node)
            return None
        return template.texts[0]

    def _by_language(self, field: Field, node: Node) -> Said | None:
        if is_scalar(node):
            text = self._text(field, node)
            return None if text is None else (("EN", text),)
        if not isinstance(node, MappingNode):
            hint = f"Write `{field.name}: {{EN: …, RU: …}}`, or a plain text, which means EN."
            self.problem(Problem("type", f"`{field.name}` is a list, not texts by language", "", hint), node)
            return None
        found = []
        for key, value in node.pairs:
            problem = language_problem(key.value, self.rules.languages)
            if problem is not None:
                self.problem(problem, key)
            elif not is_absent(value):
                text = self._text(field, value)
                if text is not None:
                    found.append((key.value, text))
        return tuple(sorted(found)) or None

    def _flag(self, field: Field, node: Node) -> bool | None:
        if node.value in ("true", "false"):
            return bool(node.value == "true")
        hint = "Write `true` or `false`."
        near = node.value.lower() if is_scalar(node) else ""
        if near in ("yes", "on", "1", "true", "y"):
            hint = "Did you mean `true`?"
        elif near in ("no", "off", "0", "false", "n"):
            hint = "Did you mean `false`?"
        self.problem(Problem("flag", f"`{field.name}` is neither `true` nor `false`", "", hint), node)
        return None

    # --- our own fields --------------------------------------------------------------------------------------------

    def _ours(self, name: str, node: Node, read: dict[str, object]) -> None:
        if is_absent(node):
            return
        readers: dict[str, Callable[[Node], object]] = {
            "key": lambda node: self.id_text(node, "key"),
            "vars": self._vars,
            "formerly": self._formerly,
            "allow": self.allow,
        }
        value = readers[name](node)
        if value is not None:
            read[name] = value

    def _vars(self, node: Node) -> dict[str, str] | None:
        if not isinstance(node, MappingNode):
            self.problem(Problem("type", f"`vars` is {what(node)}, not a mapping", "", "Write `{name: value}`."), node)
            return None
        found = {}
        for key, value in node.pairs:
            if not is_scalar(value):
                self.problem(Problem("type", f"`vars`: {quoted(key.value)} is {what(value)}, not a text"), value)
            elif looks_secret(value.value):
                self.problem(Problem("secret", "An entry of `vars` looks like a token or key", "", ADVICE), value)
            elif value.value not in ABSENT:
                found[key.value] = value.value
        return found

    def _formerly(self, node: Node) -> Former | None:
        hint = "Write what was different: `formerly: {campaign: …, key: …, assignment_id: …}`, `~` for none."
        if not isinstance(node, MappingNode) or not node.pairs:
            self.problem(Problem("type", "`formerly` of a bonus is a mapping", "", hint), node)
            return None
        known = ("campaign", "key", "assignment_id")
        parts: dict[str, str] = {}
        for key, value in node.pairs:
            if key.value not in known:
                hint = did_you_mean(key.value, known, kind="keys")
                self.problem(Problem("unknown-key", f"Unknown key {quoted(key.value)} in `formerly`", "", hint), key)
                continue
            text = "" if is_absent(value) else self.id_text(value, f"formerly.{key.value}")
            if text is not None:
                parts[key.value] = text
        if parts.get("campaign") == "":
            self.problem(
                Problem("missing", "`formerly.campaign` is empty", "", "Leave it away if it is the same."), node
            )
        return Former(parts.get("campaign") or None, parts.get("assignment_id"), parts.get("key"))

    def allow(self, node: Node) -> frozenset[str] | None:
        """The exceptions that a list names."""
        if not isinstance(node, SequenceNode):
            self.problem(Problem("type", f"`allow` is {what(node)}, not a list", "", "Write `allow: [repeat]`."), node)
            return None
        for item in node.items:
            if item.value not in ALLOWANCES:
                name = quoted(item.value) if is_scalar(item) else what(item)
                hint = did_you_mean(item.value, ALLOWANCES, kind="exceptions") if is_scalar(item) else ""
                self.problem(Problem("allow", f"`allow` knows no {name}", "", hint), item)
        return frozenset(item.value for item in node.items if item.value in ALLOWANCES)
