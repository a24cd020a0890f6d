"""What a config means, where it is found, and where it may send a token."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.config import find_config, load_config
from reconcile.diagnostics import Diagnostics
from reconcile.endpoints import EndpointProblem, check_endpoint
from reconcile.errors import UsageError
from reconcile.providers.endpoint import is_loopback
from reconcile.providers.rules import TOLOKA
from reconcile.settings import Policies, ProviderSettings, Rail, Settings

SMALL = "version: 1\nproviders:\n  toloka: {type: toloka, environment: emulator}\n"


def load(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Settings:
    path = tmp_path / "bonusctl.yaml"
    path.write_text(text, encoding="utf-8")
    diagnostics = Diagnostics()
    settings = load_config(path, diagnostics, environ or {})
    assert list(diagnostics) == []
    assert settings is not None
    return settings


# --- meaning -------------------------------------------------------------------------------------------------------


def test_the_smallest_config(tmp_path: Path) -> None:
    """Version and one provider; everything else has a default."""
    assert load(tmp_path, SMALL) == Settings(
        path=tmp_path / "bonusctl.yaml",
        root=tmp_path,
        project="",
        specs=("specs",),
        state="state/bonusctl.db",
        providers=(ProviderSettings(name="toloka", type="toloka", environment="emulator", line=3),),
        policies=(),
    )


def test_every_key(tmp_path: Path) -> None:
    """All that a config may say."""
    settings = load(
        tmp_path,
        """\
version: 1
project: vision
specs: [specs/, more/w47.yaml]
state: ../state-branch/bonusctl.db
providers:
  main:
    type: toloka
    environment: production
    account: 566ec2b0ff0deeaae5f9d500629de162
    endpoint: http://127.0.0.1:8765/
    token_env: BONUSCTL_TOKEN
    token_file: /run/secrets/toloka
    token_command: [pass, show, toloka]
    mode: async
    batch_size: 1
    skip_invalid_items: false
    check_assignments: true
    concurrency: 8
    timeout: 60
    operation_timeout: 1200
    settle_window: 0
    daily_request_limit: 5000
    requests_per_second: 100
    fee_percent: 12.5
    since: 2026-01-01
    proxy_from_environment: true
policies:
  max_bonus: 5.00
  max_per_recipient: 50
  max_plan_total: 1000.00
  max_plan_bonuses: 5000
  require_assignment: true
  allow_top_up: true
""",
    )
    assert (settings.project, settings.specs, settings.state) == (
        "vision",
        ("specs/", "more/w47.yaml"),
        "../state-branch/bonusctl.db",
    )
    assert settings.providers == (
        ProviderSettings(
            name="main",
            type="toloka",
            environment="production",
            account="566ec2b0ff0deeaae5f9d500629de162",
            endpoint="http://127.0.0.1:8765",
            token_env="BONUSCTL_TOKEN",
            token_file="/run/secrets/toloka",
            token_command=("pass", "show", "toloka"),
            mode="async",
            batch_size=1,
            skip_invalid_items=False,
            check_assignments=True,
            concurrency=8,
            timeout_s=60,
            operation_timeout_s=1200,
            settle_window_s=0,
            daily_request_limit=5000,
            requests_per_second=100,
            fee_percent=Decimal("12.50"),
            since_ms=1767225600000,
            proxy_from_environment=True,
            line=6,
        ),
    )
    assert settings.policies == (
        (
            "USD",
            Policies(
                max_bonus=Decimal("5.00"),
                max_per_recipient=Decimal("50.00"),
                max_plan_total=Decimal("1000.00"),
                max_plan_bonuses=5000,
                require_assignment=True,
                allow_top_up=True,
            ),
        ),
    )


def test_guardrails(tmp_path: Path) -> None:
    """Every guardrail that a config can set; `off` is the text, not YAML's false."""
    settings = load(
        tmp_path,
        SMALL
        + """\
policies:
  max_per_recipient_30d: 80.00
  max_per_day: 500
  windows: warn
  outliers: off
  near_duplicates: refuse
  repeat_days: 14
  repeats: warn
""",
    )
    assert settings.policies_for("USD") == Policies(
        max_per_recipient_30d=Decimal("80.00"),
        max_per_day=Decimal("500.00"),
        windows=Rail.WARN,
        outliers=Rail.OFF,
        near_duplicates=Rail.REFUSE,
        repeat_days=14,
        repeats=Rail.WARN,
    )


def test_policies_by_currency(tmp_path: Path) -> None:
    """With two currencies each has its own limits."""
    settings = load(
        tmp_path,
        SMALL
        + "  roubles: {type: toloka, environment: yandex, account: a1}\n"
        + "policies: {USD: {max_bonus: 5.00}, RUB: {max_bonus: 400.00, max_plan_bonuses: 0}}\n",
    )
    assert settings.policies_for("USD") == Policies(max_bonus=Decimal("5.00"))
    assert settings.policies_for("RUB") == Policies(max_bonus=Decimal("400.00"), max_plan_bonuses=0)


def test_the_account_that_is_acted_for_is_the_one_that_the_config_means(tmp_path: Path) -> None:
    """Whoever is acted for pays, so its id is the account's, and need not be written twice."""
    settings = load(
        tmp_path,
        SMALL
        + "  shared: {type: toloka, environment: production, act_under: 566ec2b0}\n"
        + "  both: {type: toloka, environment: production, act_under: 566ec2b0, account: 566EC-2B0}\n",
    )
    found = {provider.name: (provider.account, provider.act_under) for provider in settings.providers}
    assert (found["shared"], found["both"]) == (("566ec2b0", "566ec2b0"), ("566EC-2B0", "566ec2b0"))


def test_a_config_that_is_not_there(tmp_path: Path) -> None:
    """A file that does not open is a diagnostic too."""
    diagnostics = Diagnostics()
    assert load_config(tmp_path / "bonusctl.yaml", diagnostics, {}) is None
    assert [diagnostic.summary for diagnostic in diagnostics] == ["The file cannot be read: no such file or directory"]


# --- where it is found ---------------------------------------------------------------------------------------------


def place(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bonusctl.yaml"
    path.write_text(SMALL)
    return path


def repository(folder: Path) -> Path:
    (folder / ".git").mkdir(parents=True)
    return folder


def test_the_nearest_config_up_to_the_git_root(tmp_path: Path) -> None:
    """From the working folder upward; the nearest wins."""
    root = repository(tmp_path / "home" / "work")
    at_root = place(root)
    (root / "a" / "b").mkdir(parents=True)
    assert find_config(root / "a" / "b", home=tmp_path / "home", environ={}) == at_root
    nearer = place(root / "a")
    assert find_config(root / "a" / "b", home=tmp_path / "home", environ={}) == nearer


def test_never_above_the_git_root(tmp_path: Path) -> None:
    """A config beside a repository is another project's."""
    place(tmp_path / "home")
    root = repository(tmp_path / "home" / "work")
    with pytest.raises(UsageError, match=r"^no bonusctl.yaml found$"):
        find_config(root, home=tmp_path / "home", environ={})


def test_outside_of_a_repository_never_above_home(tmp_path: Path) -> None:
    """The folders below home are looked through; home itself and what is above it are not."""
    place(tmp_path)
    start = tmp_path / "home" / "a" / "b"
    start.mkdir(parents=True)
    place(tmp_path / "home")
    with pytest.raises(UsageError):
        find_config(start, home=tmp_path / "home", environ={})
    config = place(tmp_path / "home" / "a")
    assert find_config(start, home=tmp_path / "home", environ={}) == config


def test_outside_of_home_and_of_a_repository(tmp_path: Path) -> None:
    """Only the working folder itself."""
    config = place(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "a").mkdir()
    assert find_config(tmp_path / "elsewhere", home=tmp_path / "home", environ={}) == config
    with pytest.raises(UsageError):
        find_config(tmp_path / "elsewhere" / "a", home=tmp_path / "home", environ={})


def test_a_repository_above_home_does_not_count(tmp_path: Path) -> None:
    """A git root above home does not widen the search."""
    place(repository(tmp_path / "r"))
    start = tmp_path / "r" / "home" / "a"
    start.mkdir(parents=True)
    with pytest.raises(UsageError):
        find_config(start, home=tmp_path / "r" / "home", environ={})


def test_gits_ceilings_hold(tmp_path: Path) -> None:
    """A repository that git would not see is none."""
    place(repository(tmp_path / "r"))
    start = tmp_path / "r" / "a"
    start.mkdir()
    with pytest.raises(UsageError):
        find_config(start, home=tmp_path / "home", environ={"GIT_CEILING_DIRECTORIES": str(tmp_path / "r")})


def test_a_world_writable_parent_is_not_trusted(tmp_path: Path) -> None:
    """Anybody may have put the config there."""
    root = repository(tmp_path / "r")
    config = place(root)
    (root / "a").mkdir()
    root.chmod(0o777)
    with pytest.raises(UsageError, match="stands where every user may write"):
        find_config(root / "a", home=tmp_path / "home", environ={})
    root.chmod(0o755)
    config.chmod(0o666)
    with pytest.raises(UsageError, match="stands where every user may write"):
        find_config(root / "a", home=tmp_path / "home", environ={})


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_another_owners_config_is_not_trusted(tmp_path: Path) -> None:
    """Neither the file nor its folder may be someone else's."""
    config = place(tmp_path / "r")
    os.chown(config, 12345, 12345)
    with pytest.raises(UsageError, match="belongs to another user"):
        find_config(tmp_path / "r", home=tmp_path / "home", environ={})


def test_a_linked_config_is_not_followed(tmp_path: Path) -> None:
    """It must be the file itself."""
    real = place(tmp_path / "real")
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "bonusctl.yaml").symlink_to(real)
    with pytest.raises(UsageError, match="is not a regular file"):
        find_config(tmp_path / "r", home=tmp_path / "home", environ={})


# --- endpoints -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:8765",
        "http://localhost",
        "http://LOCALHOST:1",
        "http://127.9.9.9",
        "http://[::1]:8765",
        "https://127.0.0.1",
        "https://sandbox.toloka.dev",
    ],
)
def test_endpoints_that_need_no_permission(endpoint: str) -> None:
    """This machine, and the environment's own address."""
    assert check_endpoint(endpoint, rules=TOLOKA, environment="sandbox", environ={}) == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://localhost@evil",
        "http://127.0.0.1.evil",
        "http://[::ffff:127.0.0.1]",
        "https://[::ffff:7f00:1]",
        "http://localhost:80@evil",
        "http://127.0.0.1#@evil",
        "http://127.0.0.1\\@evil",
        "http://127.0.0.1/../evil",
        "http://0x7f000001",
        "http://2130706433",
        "http://0177.0.0.1",
        "http://127.1",
        "http://localhost.",
        "http://localhost.evil",
        "http://1०7.0.0.1",
        "http://127.0.0.1:0x1",
        "http://127.0.0.1 .evil",
        "http://127.0.0.1\t",
        "http://127.0.0.1\n.evil",
        "https://evil",
        "https://toloka.dev",
        "https://TOLOKA.dev",
        "https://toloka.dev.",
        "https://toloka.dev:443",
        "http://sandbox.toloka.dev",
        "//127.0.0.1",
        "file:///etc/passwd",
        "",
    ],
)
def test_endpoints_that_are_refused(endpoint: str) -> None:
    """Whatever merely looks like this machine, other hosts, and other environments' addresses."""
    assert isinstance(check_endpoint(endpoint, rules=TOLOKA, environment="sandbox", environ={}), EndpointProblem)


def test_the_runner_may_allow_an_endpoint(tmp_path: Path) -> None:
    """BONUSCTL_ALLOW_ENDPOINT allows one https address, and no plain http."""
    text = SMALL.replace("emulator", "emulator, endpoint: https://proxy.example:8443")
    environ = {"BONUSCTL_ALLOW_ENDPOINT": "https://proxy.example:8443"}
    assert load(tmp_path, text, environ).providers[0].endpoint == "https://proxy.example:8443"
    plain = {"BONUSCTL_ALLOW_ENDPOINT": "http://proxy.example"}
    checked = check_endpoint("http://proxy.example", rules=TOLOKA, environment="sandbox", environ=plain)
    assert isinstance(checked, EndpointProblem)
    known = {"BONUSCTL_ALLOW_ENDPOINT": "https://toloka.dev"}
    checked = check_endpoint("https://toloka.dev", rules=TOLOKA, environment="sandbox", environ=known)
    assert isinstance(checked, EndpointProblem)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    """Addresses that really are this machine's own."""
    assert is_loopback(host) is loopback
