"""Small pieces of Markdown: tables, anchors, fenced blocks and links."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(?P<language>[\w-]*)\n(?P<code>.*?)^```$", flags=re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]\[]*\]\((?P<target>[^)\s]+)\)")
CODE_SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    code: str


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [Block(found["language"], found["code"]) for found in FENCE.finditer(text)]


def shell_blocks(text: str) -> list[str]:
    """Return the code of the blocks that a test runs: those fenced as sh or bash."""
    return [block.code for block in blocks(text) if block.language in ("sh", "bash")]


def links(text: str) -> list[str]:
    """Return the targets of the links of a page, outside code."""
    prose = CODE_SPAN.sub("", FENCE.sub("", text))
    return [found["target"] for found in LINK.finditer(prose)]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found: dict[str, int] = {}
    made = set()
    for line in FENCE.sub("", text).splitlines():
        if heading := re.match(r"#{1,6} +(.*?) *$", line):
            name = anchor(heading[1])
            count = found.get(name, 0)
            found[name] = count + 1
            made.add(f"{name}-{count}" if count else name)
    return made


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; pipes in cells are escaped."""
    yield "| " + " | ".join(headings) + " |"
    yield "| " + " | ".join("---" for _ in headings) + " |"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").strip() for cell in row) + " |"


def pages(root: Path) -> list[Path]:
    """Return the pages that users read: the README, everything in docs/, and the examples'."""
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]
