"""`--target`: addresses that match nothing are an error, with the address that was probably meant."""

from collections.abc import Iterator, Sequence

from reconcile.diagnostics import Diagnostic, Severity
from reconcile.model import format_address, parse_address

Target = tuple[str, str, str, str]


def unmatched(targets: frozenset[Target], met: set[Target], near: Sequence[str]) -> Iterator[Diagnostic]:
    """An error for each target that no spec asks for. `near`: addresses of the same campaign or recipient."""
    for target in sorted(targets - met):
        address = format_address(*target)
        close = _close(address, near)
        yield Diagnostic(
            severity=Severity.ERROR,
            code="target-unknown",
            summary=f"No spec asks for {address}",
            detail="A target is a whole address: campaign/recipient, then /assignment_id and #key where the bonus has them.",
            hint=f"Did you mean {' or '.join(close)}?"
            if close
            else "Look the address up in the plan without --target.",
            mentions=tuple(part for one in (target, *map(parse_address, close)) if one for part in one[1:3]),
        )


def _close(address: str, near: Sequence[str]) -> list[str]:
    """Up to three addresses that were probably meant."""
    from difflib import get_close_matches  # only for a mistyped target

    longer = (candidate for candidate in near if candidate.startswith((f"{address}/", f"{address}#")))
    return (get_close_matches(address, near, n=3, cutoff=0.6) or list(longer))[:3]
