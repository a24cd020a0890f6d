"""The page at `/`: what this emulator paid, to whom and for what. Plain HTML: no script, nothing remote, all escaped."""

from base64 import b64encode
from collections.abc import Iterable
from decimal import Decimal
from hashlib import sha256
from html import escape
from typing import Final

from reconcile.emulator import listing
from reconcile.emulator.execution import created_text
from reconcile.emulator.ledger import Ledger
from reconcile.emulator.listing import OperationRow, Order, Search, TotalRow
from reconcile.emulator.messages import Answer
from reconcile.emulator.mturk.shown import newest_table
from reconcile.emulator.options import Options
from reconcile.emulator.toloka import shown_id
from reconcile.emulator.wirejson import loads
from reconcile.model import parse_marker
from reconcile.money import format_amount
from reconcile.render.safe import visible

ROWS_MAX: Final = 50

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6676; --line: #dde3ea; --paper: #fbfcfd; --card: #fff;
  --good: #0b6b3a; --bad: #a3242b; --wait: #7a5200; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa6b5; --line: #2b3442; --paper: #12161d;
  --card: #181e27; --good: #5fd08f; --bad: #ff8f8f; --wait: #f0c265; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
h1 { font-size: 1.35rem; margin: 0; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0 0; color: var(--soft); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin: 1.5rem 0 0; }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; }
dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .4rem .9rem; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
th { color: var(--soft); font-weight: 600; font-size: .85rem; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
.id { overflow-wrap: anywhere; font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .85rem; }
.text { overflow-wrap: anywhere; min-width: 16rem; }
.SUCCESS { color: var(--good); } .FAIL { color: var(--bad); } .PENDING, .RUNNING { color: var(--wait); }
"""
_STYLE_HASH: Final = b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS: Final = (
    (
        "Content-Security-Policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)

Cell = tuple[str, str]
"""(class, text), the text not escaped yet."""


def page(ledger: Ledger, options: Options) -> Answer:
    """The page about the emulator's own account."""
    now_ms = ledger.now_ms()
    total = next(iter(listing.totals(ledger.connection, options.account, "all", 1)), TotalRow("", 0, "0.00"))
    search = Search(options.account, (), (Order("submitted_ms", descending=True),), ROWS_MAX, now_ms)
    operations = listing.search_operations(ledger.connection, search)[:ROWS_MAX]
    newest = listing.search_bonuses(ledger.connection, search._replace(order=(Order("id", descending=True),)))[
        :ROWS_MAX
    ]
    body = "".join(
        (
            f"<header><h1>bonusctl emulator</h1><p>Account {_text(options.account)}, {_text(options.name)}. "
            "Nothing here is real money.</p></header>",
            _figures(ledger, options, total),
            _totals(ledger, options, "campaign", "Paid by campaign", "no marker"),
            _totals(ledger, options, "recipient", "Paid by recipient", ""),
            _table("Newest operations", _OPERATION_HEAD, (_operation_cells(options, row) for row in operations)),
            _table("Newest bonuses", _BONUS_HEAD, (_bonus_cells(options, text) for text in newest)),
            _table(*of_mturk) if (of_mturk := newest_table(ledger, ROWS_MAX)) else "",
        )
    )
    document = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>bonusctl emulator</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{STYLE}</style></head><body>{body}</body></html>\n"
    )
    return Answer(200, document.encode(), "text/html; charset=utf-8", HEADERS)


def _figures(ledger: Ledger, options: Options, total: TotalRow) -> str:
    recipients = listing.count_totals(ledger.connection, options.account, "recipient")
    balance = format_amount(ledger.balance(options.account, options.balance))
    figures = (
        ("Paid", f"{_amount(total.amount)} {options.currency}"),
        ("Bonuses", f"{total.payments:,}"),
        ("Recipients", f"{recipients:,}"),
        ("Balance left", f"{_amount(balance)} {options.currency}"),
    )
    cells = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in figures)
    return f"<dl>{cells}</dl>"


def _totals(ledger: Ledger, options: Options, kind: str, title: str, unnamed: str) -> str:
    rows = listing.totals(ledger.connection, options.account, kind, ROWS_MAX)
    count = listing.count_totals(ledger.connection, options.account, kind)
    head = (("", kind.capitalize()), ("number", "Bonuses"), ("number", f"Paid, {options.currency}"))
    shown = title if count <= ROWS_MAX else f"{title}: the largest {ROWS_MAX} of {count:,}"
    return _table(
        shown,
        head,
        (
            (("id", row.name or unnamed), ("number", f"{row.payments:,}"), ("number", _amount(row.amount)))
            for row in rows
        ),
    )


_OPERATION_HEAD: Final = (
    ("", "Operation"),
    ("", "Submitted, UTC"),
    ("", "Status"),
    ("number", "Paid"),
    ("number", "Requests"),
)
_BONUS_HEAD: Final = (
    ("", "Bonus"),
    ("", "Created, UTC"),
    ("", "Recipient"),
    ("", "Campaign"),
    ("number", "Amount"),
    ("", "Comment"),
)


def _operation_cells(options: Options, row: OperationRow) -> tuple[Cell, ...]:
    counts = loads(row.counts.encode())
    known = isinstance(counts, dict) and counts
    paid = f"{counts['success_count']} of {counts['total_count']}" if known and isinstance(counts, dict) else "–"
    return (
        ("id", shown_id(options, row.operation)),
        ("", created_text(options, row.submitted_ms).replace("T", " ")),
        (row.status, row.status),
        ("number", paid),
        ("number", str(row.posts)),
    )


def _bonus_cells(options: Options, text: str) -> tuple[Cell, ...]:
    bonus = loads(text.encode())
    assert isinstance(bonus, dict)
    comment = str(bonus.get("private_comment", ""))
    marker = parse_marker(comment)
    return (
        ("id", str(bonus["id"])),
        ("", str(bonus["created"]).replace("T", " ")),
        ("id", str(bonus["user_id"])),
        ("", marker.campaign if marker else "–"),
        ("number", f"{_amount(str(bonus['amount']))} {options.currency}"),
        ("text", comment),
    )


def _table(title: str, head: tuple[Cell, ...], rows: Iterable[tuple[Cell, ...]]) -> str:
    body = "".join(f"<tr>{''.join(_cell('td', cell) for cell in row)}</tr>" for row in rows)
    if not body:
        return f"<h2>{_text(title)}</h2><p>None yet.</p>"
    columns = "".join(_cell("th", cell) for cell in head)
    return (
        f'<h2>{_text(title)}</h2><div class="scroll"><table><thead><tr>{columns}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(tag: str, cell: Cell) -> str:
    name, text = cell
    scope = ' scope="col"' if tag == "th" else ""
    return f"<{tag}{scope}{f' class={chr(34)}{name}{chr(34)}' if name else ''}>{_text(text)}</{tag}>"


def _text(text: str) -> str:
    # Control characters and text direction overrides are shown, so that no name can rearrange the page.
    return escape(visible(text), quote=True)


def _amount(text: str) -> str:
    return f"{Decimal(format_amount(Decimal(text))):,}"
