"""The pages that people read, and the screens in them.

A screen is a fenced block between `<!-- screen: NAME -->` and `<!-- end of screen -->`: its scene (tests/screens/scenes.py)
makes it again, and `make screens` writes it anew. A console block without a mark holds commands to type and no output.
"""

import re
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parents[2]
# docs/commands.md is made from the commands themselves, and held by a test of its own.
PAGES = (
    TOP / "README.md",
    TOP / "CONTRIBUTING.md",
    *(path for path in sorted((TOP / "docs").glob("*.md")) if path.name != "commands.md"),
)
_SCREEN = re.compile(r"<!-- screen: ([\w-]+) -->\n(.*?)<!-- end of screen -->", re.DOTALL)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A fenced block. `screen`: whose scene made it, "" for none."""

    page: str
    language: str
    text: str
    screen: str

    @property
    def commands(self) -> list[str]:
        """What is typed at its prompts, with the lines that go on after a backslash."""
        joined = self.text.replace("\\\n", " ")
        return [line[2:].partition("   #")[0].strip() for line in joined.splitlines() if line.startswith("$ ")]

    @property
    def output(self) -> list[str]:
        """Its lines that are no commands."""
        joined = self.text.replace("\\\n", " ")
        return [line for line in joined.splitlines() if line.strip() and not line.startswith(("$ ", "# "))]


def blocks() -> list[Block]:
    """Every fenced block of every page."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        spans = [(match.start(), match.end(), match[1]) for match in _SCREEN.finditer(text)]
        for match in _BLOCK.finditer(text):
            # A screen may show Markdown that holds fences: what matters is the mark around it.
            screen = next((name for start, end, name in spans if start < match.start() < end), "")
            found.append(Block(page.name, match[1], match[2], screen))
    return found


def screens() -> dict[str, tuple[Path, str]]:
    """By name: the page a screen stands in, and what stands between its marks."""
    found = {}
    for page in PAGES:
        for match in _SCREEN.finditer(page.read_text(encoding="utf-8")):
            assert match[1] not in found, f"two screens named {match[1]}"
            found[match[1]] = (page, match[2])
    return found


def write_screen(page: Path, name: str, text: str) -> None:
    """Put another text between a screen's marks."""
    whole = page.read_text(encoding="utf-8")
    mark = f"<!-- screen: {name} -->\n"
    before, _, rest = whole.partition(mark)
    _, end, after = rest.partition("<!-- end of screen -->")
    page.write_text(before + mark + text + end + after, encoding="utf-8")
