"""A card as one HTML page that needs nothing else, and as Markdown."""

from __future__ import annotations

import re
from datetime import UTC
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from training.card import sections, standing
from training.card.document import Cell, Document
from training.card.facts import Facts
from training.card.fairness import fairness

TEMPLATES = Path(__file__).with_name("templates")
SPECIAL = re.compile(r"([\\*_\[\]|#~])")


def document(facts: Facts) -> Document:
    """The card of a version, as plain values."""
    words, tone, more = standing.status(facts)
    return Document(
        title=f"{facts.task}, version {facts.found.version}",
        question=str(facts.asked["question"]),
        status=words,
        tone=tone,
        status_more=more,
        summary=standing.summary(facts),
        sections=[
            sections.purpose(facts),
            sections.never(facts),
            sections.comparison(facts),
            sections.metrics(facts),
            fairness(facts),
            sections.meaning(facts),
            standing.gates(facts),
            standing.approval(facts),
            sections.limits(facts),
            sections.data(facts),
            sections.features(facts),
            sections.monitoring(facts),
            sections.retiring(facts),
        ],
        footer=f"Made from run {facts.found.run_id}, trained "
        f"{facts.trained_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC. "
        f"Model sha256 {facts.found.digest}.",
    )


def html(card: Document) -> str:
    """One page: no script, no font, no address."""
    return _environment().get_template("card.html").render(card=card)


def markdown(card: Document) -> str:
    """The same, for where pages cannot be shown."""
    return _environment().get_template("card.md").render(card=card)


@cache
def _environment() -> Environment:
    """Templates; what is put into HTML is escaped, always."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"plain": plain, "in_row": in_row}
    return made


def plain(text: str) -> str:
    """Text as Markdown shows it: nothing in it is markup, or HTML, or a new line."""
    pieces = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(piece if piece.startswith("`") else _escaped(piece) for piece in pieces)


def in_row(cell: Cell) -> str:
    """A cell of a Markdown table."""
    return plain(f"{cell.text} ({cell.more})" if cell.more else cell.text)


def _escaped(text: str) -> str:
    named = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return SPECIAL.sub(r"\\\1", named)
