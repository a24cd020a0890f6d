"""Where CI gets bonusctl from: a commit of a git repository, given by hand or read from how it was installed here."""

import json
import re
from importlib.metadata import PackageNotFoundError, distribution
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from reconcile.errors import UsageError

_SHORT: Final = re.compile(r"([A-Za-z0-9-]{1,100}/[A-Za-z0-9._-]{1,100})@([0-9a-f]{40})", re.ASCII)
_LONG: Final = re.compile(
    r"(?:git\+)?(https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9_][A-Za-z0-9._-]*){2,8})@([0-9a-f]{40})", re.ASCII
)
_GITHUB: Final = "https://github.com/"


class Source(NamedTuple):
    """A repository's address (`https://github.com/OWNER/NAME`) and the commit that is meant, 40 digits."""

    url: str
    commit: str

    @property
    def action(self) -> str:
        """As `uses:` names it: OWNER/NAME@COMMIT."""
        owner_and_name = "/".join(urlsplit(self.url).path.removesuffix(".git").split("/")[-2:])
        return f"{owner_and_name}@{self.commit}"

    @property
    def requirement(self) -> str:
        """As pip installs it."""
        return f"bonusctl @ git+{self.url}@{self.commit}"


UNKNOWN: Final = Source(f"{_GITHUB}OWNER/bonusctl", "0" * 40)
"""What stands in a file until a person says where bonusctl is."""


def parse_source(text: str) -> Source:
    """OWNER/NAME@COMMIT on GitHub, or https://HOST/PATH@COMMIT. Raises UsageError for anything else.

    A branch or a tag is refused: it could be another program tomorrow, and this one handles money.
    """
    short, long = _SHORT.fullmatch(text), _LONG.fullmatch(text)
    if short is not None:
        return Source(_GITHUB + short[1], short[2])
    if long is not None:
        return Source(long[1], long[2])
    raise UsageError(
        f"{text} does not say where CI gets bonusctl from",
        detail="It is a repository and a whole commit: a branch or a tag could be another program tomorrow.",
        remedy="bonusctl init --source OWNER/bonusctl@COMMIT\nbonusctl init --source https://HOST/PATH@COMMIT",
    )


def installed_source() -> Source | None:
    """Where this bonusctl came from, if pip installed it from a commit of a repository; None otherwise."""
    try:
        recorded = distribution("bonusctl").read_text("direct_url.json")
        found = json.loads(recorded or "{}")
        return parse_source(f"{found['url'].removesuffix('.git')}@{found['vcs_info']['commit_id']}")
    except (PackageNotFoundError, ValueError, KeyError, TypeError, AttributeError, UsageError):
        return None
