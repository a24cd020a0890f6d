"""`make test-page`: the emulator's page in a real browser, if there is one. Installs nothing.

Headless Chromium renders the page of an emulator that paid a hostile name: nothing runs, nothing is refused by the
page's own policy, and the style is applied. Prints `N passed, N failed, N skipped`.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from tests.support.emulator import EmulatorProcess

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


def render(browser: str, endpoint: str, folder: Path) -> tuple[str, str, Path]:
    """(the document after rendering, the browser's console, a screenshot)."""
    picture = folder / "page.png"
    usual = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", f"--user-data-dir={folder}/p"]
    document = subprocess.run(
        [browser, *usual, "--dump-dom", endpoint], capture_output=True, text=True, timeout=120, check=True
    )
    subprocess.run(
        [browser, *usual, "--window-size=1200,1500", f"--screenshot={picture}", endpoint],
        capture_output=True,
        timeout=120,
        check=True,
    )
    return document.stdout, document.stderr, picture


def main() -> int:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.stdout.write("0 passed, 0 failed, 1 skipped: not run: no Chromium\n")
        return 0
    with tempfile.TemporaryDirectory() as name, EmulatorProcess(Path(name) / "ledger.db") as emulator:
        bonus = {"user_id": HOSTILE, "amount": 1, "private_comment": HOSTILE}
        httpx.post(f"{emulator.api}/user-bonuses", json=bonus).raise_for_status()
        document, console, picture = render(browser, emulator.endpoint, Path(name))
        claims = {
            "the page is rendered with its totals": "<dd>1.00 USD</dd>" in document,
            "a hostile name is text": "&lt;script&gt;document.title" in document and "<img" not in document,
            "nothing of it runs": "<title>bonusctl emulator</title>" in document,
            "the page's policy refuses nothing of the page": "Content Security Policy" not in console,
            "something is drawn": picture.stat().st_size > 20_000,
        }
    for claim, holds in claims.items():
        if not holds:
            sys.stdout.write(f"FAILED {claim}\n")
    passed = sum(claims.values())
    sys.stdout.write(f"{passed} passed, {len(claims) - passed} failed, 0 skipped\n")
    return 0 if passed == len(claims) else 1


if __name__ == "__main__":
    sys.exit(main())
