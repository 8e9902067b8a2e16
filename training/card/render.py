"""Render a model card as HTML and Markdown and publish it with the run and the champion."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from functools import cache
from pathlib import Path

from jinja2 import Environment

from data.atomic_file import write_text_atomically
from data.lake import Lake
from data.templates import template_environment
from models.task import TaskName
from training.card import sections, status
from training.card.document import Cell, Document
from training.card.facts import CardFacts, load_card_facts
from training.card.fairness import fairness_section
from training.registry.mlflow_registry import MlflowRegistry

TEMPLATES = Path(__file__).with_name("templates")
MARKDOWN_SPECIAL = re.compile(r"([\\*_\[\]|#~])")


def build_document(facts: CardFacts) -> Document:
    """Build the card of a version as plain values."""
    words, tone, more = status.approval_status(facts)
    return Document(
        title=f"{facts.task}, version {facts.found.version}",
        question=str(facts.asked["question"]),
        status=words,
        tone=tone,
        status_more=more,
        summary=status.summary(facts),
        sections=[
            sections.purpose(facts),
            sections.never(facts),
            sections.comparison(facts),
            sections.metrics(facts),
            sections.rules(facts),
            fairness_section(facts),
            sections.meaning(facts),
            status.gates(facts),
            status.approval(facts),
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


def render_html(card: Document) -> str:
    """Render the card as one page without script, font or link."""
    return _environment().get_template("card.html").render(card=card)


def render_markdown(card: Document) -> str:
    """Render the card as Markdown."""
    return _environment().get_template("card.md").render(card=card)


@cache
def _environment() -> Environment:
    filters: dict[str, Callable[..., str]] = {"plain": escape_markdown, "in_row": table_cell_text}
    return template_environment(TEMPLATES, filters, keep_trailing_newline=True)


def escape_markdown(text: str) -> str:
    """Escape text so that Markdown shows it literally, on one line."""
    pieces = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(piece if piece.startswith("`") else _escaped(piece) for piece in pieces)


def table_cell_text(cell: Cell) -> str:
    """Return the text of a cell of a Markdown table."""
    return escape_markdown(f"{cell.text} ({cell.more})" if cell.more else cell.text)


def _escaped(text: str) -> str:
    named = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return MARKDOWN_SPECIAL.sub(r"\\\1", named)


HTML = "card.html"
MARKDOWN = "card.md"


def render_card_files(registry: MlflowRegistry, task: TaskName, version: int) -> dict[str, str]:
    """The card of a version as it stands now: file name -> text.

    Raises:
        LookupError: there is no such version.
    """
    card = build_document(load_card_facts(registry, task, version))
    return {HTML: render_html(card), MARKDOWN: render_markdown(card)}


def log_card(registry: MlflowRegistry, task: TaskName, version: int) -> dict[str, str]:
    """Log the card to the version's run, replacing an older one, and return its files."""
    files = render_card_files(registry, task, version)
    client = registry.mlflow.MlflowClient()
    run_id = registry.described(task, version).run_id
    for name, text in files.items():
        client.log_text(run_id, text, name)
    return files


def publish_card(registry: MlflowRegistry, task: TaskName, version: int, home: Path) -> None:
    """Log the card and write it beside the pointer as `card-<version>.html` and `.md`."""
    for name, text in log_card(registry, task, version).items():
        stem, ending = name.split(".")
        write_text_atomically(home / f"{stem}-{version}.{ending}", text)


def write_card(
    lake: Lake, registry: MlflowRegistry, task: TaskName, version: int, out: Path | None = None
) -> Path:
    """Write the card as it stands now and return its path.

    out: its ending says what it is; `card-<task>-<version>.html` in the lake's reports by
    default.

    Raises:
        LookupError: there is no such version.
        ValueError: for another ending than .html or .md.
    """
    path = out or lake.reports / f"card-{task}-{version}.html"
    files = {
        Path(name).suffix: text for name, text in render_card_files(registry, task, version).items()
    }
    if path.suffix not in files:
        raise ValueError(f"--out {path} does not end in one of {', '.join(files)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomically(path, files[path.suffix])
    return path
