"""The exceptions of bonusctl: what a bad world raises, each with what is true now and what to do next.

BonusctlError
├── UsageError            the command line does not fit
├── InvalidInput          specs or config have errors (carries the diagnostics)
├── Refused               a rule says no: policy, stale plan, digest, account, endpoint …
├── StateError            the state cannot be used
│   ├── StateLocked       another run holds the lock
│   ├── StateCorrupt      the state contradicts itself
│   ├── StateFenced       another run took over: this one must not write or send
│   ├── EventRefused      an event contradicts the state: a mistake of ours, nothing of its commit was written
│   └── StateWriteFailed  a durable write failed: nothing more is sent
├── ProviderError         the provider cannot be used (contact, credentials, answers)
└── Interrupted           a person asked to stop

`reason` is the stable name that JSON output carries; `remedy` is what to do, a command on a line of its own.
"""

from collections.abc import Sequence

from reconcile.diagnostics import Diagnostic


class BonusctlError(Exception):
    """The root: `summary` (one line), `detail` (what is true now), `remedy` (what to do), `reason` (for programs)."""

    reason = "error"

    def __init__(self, summary: str, *, detail: str = "", remedy: str = "", reason: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail
        self.remedy = remedy
        if reason:
            self.reason = reason


class UsageError(BonusctlError):
    """The command line does not fit."""

    reason = "usage"


class InvalidInput(BonusctlError):
    """Specs or config have errors; `diagnostics` names each with its place."""

    reason = "invalid"

    def __init__(self, summary: str, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(summary)
        self.diagnostics = tuple(diagnostics)


class Refused(BonusctlError):
    """A rule says no. `reason` is always given: policy, stale_plan, digest_mismatch, account_mismatch …"""

    reason = "refused"


class StateError(BonusctlError):
    """The state cannot be used."""

    reason = "state"


class StateLocked(StateError):
    """Another run holds the lock; the summary names it."""

    reason = "lock_held"


class StateCorrupt(StateError):
    """The state contradicts itself: an altered row, a broken chain, a damaged file."""

    reason = "state_corrupt"


class StateFenced(StateError):
    """The state's epoch has moved on: another run took over while this one was paused."""

    reason = "state_fenced"


class EventRefused(StateError):
    """An event contradicts what the state knows, so it would make it untrue: nothing of its commit was written."""

    reason = "event_refused"


class StateWriteFailed(StateError):
    """A durable write failed. Nothing more may be sent by this run."""

    reason = "state_write_failed"


class ProviderError(BonusctlError):
    """The provider cannot be used: no contact, credentials refused, answers that make no sense."""

    reason = "provider"


class Interrupted(BonusctlError):
    """A person asked to stop. Nothing is lost: the journal has it."""

    reason = "interrupted"
