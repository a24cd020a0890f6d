"""Is everything there that a payment needs? Asks and looks; never pays and never writes to the state."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from reconcile.config_providers import ACCOUNT_MISSING
from reconcile.diagnostics import Diagnostic, Severity
from reconcile.errors import BonusctlError
from reconcile.money import Money
from reconcile.project.config import Project
from reconcile.project.providers import open_providers
from reconcile.project.specs import check_specs
from reconcile.protocol.runner import ProviderAccess
from reconcile.providers.base import AccountFound, ReadAccount, Ticket, Unread
from reconcile.providers.registry import find_secret
from reconcile.providers.rules import currency_of
from reconcile.providers.secrets import Secret
from reconcile.providers.toloka.credentials import scheme_of
from reconcile.settings import ProviderSettings, same_account
from reconcile.state.ledger import LedgerRecord
from reconcile.state.lock import lock_path, read_holder
from reconcile.state.reader import SqliteReader, open_reader
from reconcile.state.verify import check_pages
from reconcile.times import MINUTE_MS, duration

CLOCK_APART_MS = MINUTE_MS


class Level(StrEnum):
    """How a check went. A warning does not fail the command."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(NamedTuple):
    """One line of `doctor`. `remedy` is what to do, "" where nothing is."""

    name: str
    level: Level
    text: str
    remedy: str = ""


def examine(project: Project | None, found: Iterable[Diagnostic]) -> Iterator[Check]:
    """Every check, in the order in which a payment would need them. `found`: what the config's reader had to say."""
    found = tuple(found)
    if project is not None and not found:
        yield Check("config", Level.OK, str(project.settings.path))
    for one in found:
        place = f"{one.place.path}:{one.place.line}:{one.place.column}: " if one.place is not None else ""
        level = Level.FAIL if one.severity is Severity.ERROR else Level.WARN
        # The usual hint sends people here, where the answer is a few lines away.
        unbound = project is not None and one.code == ACCOUNT_MISSING
        hint = "The account that the token belongs to is asked for its id below." if unbound else one.hint
        yield Check("config", level, f"{place}{one.summary}", hint)
    if project is None:
        return
    yield _specs(project)
    yield from _state(project)
    for settings in project.settings.providers:
        yield from _provider(project, settings)


def failed(name: str, error: BonusctlError) -> Check:
    """A check that ended with an error of ours."""
    detail = f": {error.detail}" if error.detail else ""
    return Check(name, Level.FAIL, f"{error.summary}{detail}", error.remedy)


def _specs(project: Project) -> Check:
    try:
        diagnostics, count = check_specs(project)
    except BonusctlError as error:
        return failed("specs", error)
    if diagnostics.errors:
        errors = "1 error" if diagnostics.errors == 1 else f"{diagnostics.errors:,} errors"
        return Check("specs", Level.FAIL, errors, "bonusctl validate")
    return Check("specs", Level.OK, f"{count:,} bonuses")


# --- the state -----------------------------------------------------------------------------------------------------


def _state(project: Project) -> Iterator[Check]:
    try:
        with open_reader(project.state_path) as reader:
            if reader is None:
                yield Check("state", Level.OK, f"none yet: the first apply makes {project.state_path}")
            else:
                check_pages(reader)
                yield Check("state", Level.OK, f"{project.state_path}, {reader.head().sequence:,} events, file sound")
                yield from _ledgers(reader)
    except BonusctlError as error:
        yield failed("state", error)
    yield _lock(project)


def _ledgers(reader: SqliteReader) -> Iterator[Check]:
    for ledger in reader.ledgers():
        name = str(ledger.account)
        count = reader.count_open(ledger.ledger)
        if count:
            text = f"{name}: {count:,} {'operation is' if count == 1 else 'operations are'} open"
            yield Check("open operations", Level.WARN, text, "bonusctl refresh")
        else:
            yield Check("open operations", Level.OK, f"{name}: none")
        yield _gate(name, ledger)
    for alarm in reader.alarms():
        yield Check("alarm", Level.WARN, alarm.detail, "bonusctl state list")


def _gate(name: str, ledger: LedgerRecord) -> Check:
    if not ledger.gate:
        return Check("gate", Level.OK, f"{name}: open")
    text = f"{name}: closed ({ledger.gate}); requests of another life may be in flight"
    return Check("gate", Level.WARN, text, "bonusctl apply --wait 1200")


def _lock(project: Project) -> Check:
    """The signature of a live run. A dead one's may be left in the file and means nothing, so only a pid tells."""
    holder = read_holder(project.state_path)
    if holder is None or not _locked(project):
        return Check("lock", Level.OK, "free")
    return Check("lock", Level.WARN, f"held by {holder}", "Wait for that run to end, or:\nbonusctl state unlock")


def _locked(project: Project) -> bool:
    import fcntl

    try:
        with lock_path(project.state_path).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


# --- the providers -------------------------------------------------------------------------------------------------


def _provider(project: Project, settings: ProviderSettings) -> Iterator[Check]:
    name = settings.name
    try:
        secret = find_secret(settings, project.environ)
    except BonusctlError as error:
        yield failed(f"{name} token", error)
        return
    needs = settings.environment != "emulator"
    kind = f"present, {_how_shown(settings, secret)}"
    yield Check(f"{name} token", Level.OK, kind if needs else "none needed by the emulator")
    try:
        yield from _contact(project, settings, secret)
    except BonusctlError as error:
        yield failed(f"{name} account", error)


def _how_shown(settings: ProviderSettings, secret: Secret) -> str:
    """Where the proof of who we are comes from, or how it is sent; never the proof itself."""
    if settings.type == "mturk":
        from reconcile.providers.mturk.credentials import AwsKeys

        assert isinstance(secret, AwsKeys)
        return f"AWS's keys from {secret.method}"
    return f"sent as {scheme_of(secret, environment=settings.environment)}"


def _contact(project: Project, settings: ProviderSettings, secret: Secret) -> Iterator[Check]:
    name = settings.name
    with open_providers(project, (settings,), (secret,), fence=lambda: "doctor sends no payment") as (access,):
        answer = _ask_account(access)
    if not isinstance(answer, AccountFound):
        words = ": ".join(part for part in (answer.code, answer.message) if part)
        yield Check(f"{name} account", Level.FAIL, words, "Check the token, and that the provider can be reached.")
        return
    yield _account(settings, answer)
    if answer.balance is not None:
        currency = currency_of(*settings.ledger_key)
        empty = answer.balance <= 0
        remedy = "Top up the account before you apply." if empty else ""
        level = Level.WARN if empty else Level.OK
        yield Check(f"{name} balance", level, str(Money(answer.balance, currency)), remedy)
    if answer.server_ms is not None:
        yield _clock(name, project.clock.now_ms() - answer.server_ms)


def _ask_account(access: ProviderAccess) -> AccountFound | Unread:
    found = _ask(access, ReadAccount())
    if isinstance(found, Unread) or not access.codec.balance_apart:
        return found
    balance = _ask(access, ReadAccount(found.id))
    return found if isinstance(balance, Unread) else balance


def _ask(access: ProviderAccess, call: ReadAccount) -> AccountFound | Unread:
    access.wire.start(Ticket(1, access.codec.request(call), fenced=False))
    for _, result in access.wire.wait(access.settings.timeout_s + 1):
        answer = access.codec.answer(call, result)
        assert isinstance(answer, AccountFound | Unread)
        return answer
    return Unread(code="no answer", message=f"nothing came within {access.settings.timeout_s} seconds")


def _account(settings: ProviderSettings, found: AccountFound) -> Check:
    name, text = f"{settings.name} account", f"{found.id} ({found.name})" if found.name else found.id
    if settings.account and not same_account(settings.account, found.id):
        if settings.act_under:
            remedy = f"Let account {settings.act_under} share its access with the token's account."
            return Check(name, Level.FAIL, f"{text} answers, the config acts for {settings.act_under}", remedy)
        remedy = f"Use the token of that account, or say in the config which one is meant:\naccount: {found.id}"
        return Check(name, Level.FAIL, f"the token is of {text}, the config means {settings.account}", remedy)
    remedy = (
        ""
        if settings.account
        else f"Say in the config whose money it is, below `{settings.name}:`\naccount: {found.id}"
    )
    acting = ", acted for with another account's token" if settings.act_under else ""
    return Check(name, Level.OK, f"{text}{acting}", remedy)


def _clock(name: str, apart_ms: int) -> Check:
    apart = duration(abs(apart_ms) // 1000)
    if abs(apart_ms) < CLOCK_APART_MS:
        return Check(f"{name} clock", Level.OK, f"{apart} apart")
    side = "ahead of" if apart_ms > 0 else "behind"
    return Check(
        f"{name} clock", Level.WARN, f"this machine is {apart} {side} the provider", "Set this machine's clock."
    )
