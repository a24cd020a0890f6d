"""`bonusctl apply`."""

from typing import TYPE_CHECKING

import click

from reconcile.cli.invocation import Invocation, pass_invocation
from reconcile.cli.options import examples, format_option, mask_option, target_option

if TYPE_CHECKING:
    from reconcile.plan.approval import Judgement
    from reconcile.plan.model import Plan
    from reconcile.project.approvals import Consent, FundsOf


@click.command(
    epilog=examples(
        "bonusctl apply",
        "bonusctl apply --auto-approve",
        "bonusctl apply week-47.bonusplan",
        "bonusctl apply --expect-digest sha256:1b2c…",
        "bonusctl apply --auto-approve --format jsonl",
    ),
)
@click.argument("plan", metavar="[PLAN]", required=False)
@click.option("--auto-approve", is_flag=True, help="Ask nothing.")
@click.option("--expect-digest", metavar="DIGEST", help="Pay the approved set with this digest, and nothing else.")
@click.option("--expect-head", metavar="HEAD", default="", help="Refuse a state that does not hold this event.")
@click.option(
    "--allow-older-commit",
    "older",
    is_flag=True,
    help="Also from a commit that does not come after the last applied one.",
)
@click.option("--no-refresh", is_flag=True, help="Do not read the provider's list; only where that is proved safe.")
@click.option("--allow-closed-provider", is_flag=True, help="Pay at a provider that has closed (MTurk, production).")
@target_option
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Pay at most N payments now.")
@click.option(
    "--wait",
    type=click.IntRange(min=0),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for settle windows and gates before leaving with 3.",
)
@click.option(
    "--summary", metavar="FILE", default="", help="Append the end of it to FILE as Markdown, for a job's page."
)
@format_option("text", "json", "jsonl")
@mask_option
@click.pass_context
@pass_invocation
def command(
    invocation: Invocation,
    ctx: click.Context,
    /,
    plan: str | None,
    auto_approve: bool,  # noqa: FBT001
    expect_digest: str | None,
    expect_head: str,
    older: bool,  # noqa: FBT001
    no_refresh: bool,  # noqa: FBT001
    allow_closed_provider: bool,  # noqa: FBT001
    targets: tuple[str, ...],
    limit: int | None,
    wait: int,
    summary: str,
    form: str,
    masked: bool,  # noqa: FBT001
) -> None:
    """Pay what is desired and not yet issued: settle what is in doubt, read what the provider says was paid, plan,
    ask, pay, record. With PLAN or --expect-digest, only what was approved.

    Exits with 3 where something desired is left: rejected, in conflict, in doubt, not approved, out of quota or funds.
    """
    from reconcile.cli.running import run_apply
    from reconcile.project.mask_key import find_masker
    from reconcile.project.run import Orders
    from reconcile.project.specs import choose

    consent = _consent(invocation, plan, auto_approve=auto_approve, expect_digest=expect_digest, limit=limit)
    # What was approved before is within the limits of a plan as a whole.
    limit_of_plan = None if plan is not None or expect_digest is not None else limit
    chosen = choose(invocation.load_project(), targets=targets, limit=limit_of_plan)
    orders = Orders(
        command="apply --allow-older-commit" if older else "apply",
        wait_s=wait,
        refresh=not no_refresh,
        limit=limit,
        allow_closed=allow_closed_provider,
        expect_head=expect_head,
        newer_only=not older,
    )
    masker = find_masker(invocation.environ, chosen.project.state_folder) if masked else None
    ctx.exit(run_apply(invocation, chosen, consent, orders, form=form, masker=masker, summary=summary))


def _consent(
    invocation: Invocation, plan: str | None, *, auto_approve: bool, expect_digest: str | None, limit: int | None
) -> "Consent":
    """How the plan is agreed to. Raises UsageError where nobody could be asked, before anything happens."""
    from pathlib import Path

    from reconcile.errors import Refused, UsageError
    from reconcile.plan.saved import read_saved
    from reconcile.project.approvals import Ask, AutoApprove, Expected, Saved

    if plan is not None:
        saved = read_saved(Path(plan))
        if expect_digest is not None and expect_digest != saved.plan.digest:
            raise Refused(
                f"{plan} is not the plan with the expected digest",
                detail=f"Its digest is {saved.plan.digest}. Nothing was sent.",
                remedy=f"bonusctl show {plan}",
                reason="digest_mismatch",
            )
        return Saved(saved, named=expect_digest is not None)
    if expect_digest is not None:
        return Expected(_digest(expect_digest))
    if auto_approve:
        return AutoApprove()
    if not invocation.console.has_terminal:
        raise UsageError(
            "There is no terminal to ask on, and nothing was approved before",
            detail="Nothing was read, sent or changed.",
            remedy="Approve a plan first, and apply exactly that:\n"
            "bonusctl plan --out PLAN\nbonusctl apply PLAN\n\n"
            "Or pay whatever the specs ask for:\nbonusctl apply --auto-approve",
        )
    from reconcile.cli.question import agree

    def agreed(plan: "Plan", judgement: "Judgement", funds: "FundsOf") -> bool:
        payments = judgement.send[:limit]
        return agree(invocation.console, plan, payments, funds(payments))

    return Ask(agreed)


def _digest(text: str) -> str:
    """Raises Refused(digest_mismatch) for what can be no plan's digest, before anything happens."""
    import re

    from reconcile.errors import Refused

    if re.fullmatch(r"sha256:[0-9a-f]{64}", text) is None:
        raise Refused(
            f"--expect-digest {text} is no digest",
            detail="A digest is sha256: and 64 hexadecimal digits, as the last line of a plan shows it. Nothing was sent.",
            remedy="bonusctl plan",
            reason="digest_mismatch",
        )
    return text
