"""Plans for reviews: one that a reader could meet, and one in which every text is hostile."""

from decimal import Decimal

from reconcile.diagnostics import Diagnostic, Place, Severity
from reconcile.model import Identity
from reconcile.plan.model import Action, CampaignSummary, Change, InDoubt, Plan, PlannedOperation, ProviderSummary
from reconcile.settings import Policies, ProviderSettings
from tests.plan.plan_world import Records, bonus, head, plan, recorded, settings

D = Decimal
FIRST = "fac97860c7929add8048ed2ef63b66fd"
SECOND = "a1b0b42923c429daa2c764d7ccfc364d"
ASSIGNMENT = "00001092da--61ef030400c684132d0da0de"
GONE_ASSIGNMENT = "00001092da--99ef030400c684132d0da0ff"

HOSTILE = (
    "@octocat please",
    "[click](javascript:alert(1))",
    "https://evil.example/?a=1&b=2",
    "www.evil.example",
    "mail@evil.example",
    "![x](https://evil.example/pixel.png)",
    "<img src=x onerror=alert(1)>",
    "</details></code></pre></td><script>alert(1)</script>",
    "<!-- hidden -->",
    "a | b \\| c \\\\| d",
    "`one` ``two`` ```three```",
    "```\n# heading\n```",
    "~~~\nout\n~~~",
    "::error file=a::told you",
    "##[error]told you",
    "line\nbreak\r\nand\ttab",
    "\x1b[31mred\x1b[0m",
    "abc\u202ecba\u2066x",
    "zero\u200bwidth\u2028line",
    "&lt;b&gt; &#64;",
    "#1234 GH-12 octo/repo#5 :tada:",
    "*bold* _it_ ~~gone~~ $x^2$",
    "> [!NOTE]\n> quoted",
    "\" onmouseover=\"alert(1)",
    "' style='x",
    "=HYPERLINK(\"https://evil.example\")",
    "+1", "-1", "@SUM(A1)", "\t=1", "\r=1",
    "\\",
    "`",
    " ",
)  # fmt: skip


def usual() -> Plan:
    """Three payments, one top-up, one conflict, one in doubt, one orphan; a warning, and an address of its own."""
    name = "image-labels-2026-w47"
    campaign = head(name, budget="20.00")
    toloka = ProviderSettings(
        name="toloka", type="toloka", environment="sandbox", endpoint="http://127.0.0.1:8765", fee_percent=D(20)
    )
    state = Records(
        recorded(f"{name}/{SECOND}", "1.00"),
        recorded(f"{name}/{SECOND}#less", "3.00"),
        recorded(f"{name}/{SECOND}#open", in_doubt="1.00"),
        recorded(f"{name}/{FIRST}/{GONE_ASSIGNMENT}", "0.50"),
    )
    return plan(
        bonus(f"{name}/{FIRST}/{ASSIGNMENT}", "1.00", campaign=campaign),
        bonus(f"{name}/{FIRST}#award", "4.50", campaign=campaign, texts=()),
        bonus(f"{name}/{SECOND}", "1.50", campaign=campaign),
        bonus(f"{name}/{SECOND}#less", "2.00", campaign=campaign),
        bonus(f"{name}/{SECOND}#open", "1.00", campaign=campaign),
        state=state,
        config=settings(policies=Policies(allow_top_up=True, max_bonus=D("4.00")), providers=(toloka,)),
    )


def hostile(text: str) -> Plan:
    """A plan in which every text that can be anybody's is this one; ids and figures are as they were."""
    who = Identity(text, text, text, text, text)
    texts = (("private_comment", text), ("public_title", ((text, text),)), ("without_message", False))
    change = Change(
        Action.ISSUE, who, b"b" * 16, text, "USD", D("1.00"), D("0.00"), b"p" * 16, 1, 1, b"o" * 16, b"e" * 32, texts,
        text, 3, text, (text,),
    )  # fmt: skip
    conflict = change._replace(action=Action.CONFLICT, payment_id=None, operation_id=None, entry=b"", sequence=0)
    place = Place(text, 3, 1)
    finding = Diagnostic(severity=Severity.ERROR, code="x", summary=text, detail=text, hint=text, place=place)
    return Plan(
        digest="sha256:" + "ab" * 32,
        changes=(change, conflict, conflict._replace(action=Action.ORPHANED)),
        in_doubt=(InDoubt(who, b"b" * 16, text, "USD", D("2.00"), text),),
        operations=(PlannedOperation(b"o" * 16, text, (b"p" * 16,), D("1.00")),),
        unchanged=0,
        campaigns=(
            CampaignSummary(text, text, "USD", 3, 0, 1, 0, 1, 1, 1, D("1.00"), D("0.00"), D("1.00"), D("-2.00")),
        ),
        providers=(ProviderSummary(text, text, text, text, text, "USD", 1, D("1.00"), None, 1, 0, 10_000, 0, text),),
        diagnostics=(finding,),
        refused=True,
        orphans_elsewhere=2,
        lineage="",
        head="",
        project=text,
    )
