"""Where cards are kept: with the run, and beside the champion's pointer in the lake."""

from __future__ import annotations

from pathlib import Path

from data.lake import Lake
from models.task import TaskName
from training.card.facts import facts
from training.card.render import document, html, markdown
from training.registry import Registry
from training.replacing import replace_text

HTML = "card.html"
MARKDOWN = "card.md"


def cards(registry: Registry, task: TaskName, version: int) -> dict[str, str]:
    """The card of a version as it stands now: file name -> text.

    Raises:
        LookupError: there is no such version.
    """
    card = document(facts(registry, task, version))
    return {HTML: html(card), MARKDOWN: markdown(card)}


def log_card(registry: Registry, task: TaskName, version: int) -> dict[str, str]:
    """Put the card into the version's run, in place of an older one; the card."""
    made = cards(registry, task, version)
    client = registry.mlflow.MlflowClient()
    run_id = registry.described(task, version).run_id
    for name, text in made.items():
        client.log_text(run_id, text, name)
    return made


def keep_card(registry: Registry, task: TaskName, version: int, home: Path) -> None:
    """Put it into the run, and beside the pointer as `card-<version>.html` and `.md`."""
    for name, text in log_card(registry, task, version).items():
        stem, ending = name.split(".")
        replace_text(home / f"{stem}-{version}.{ending}", text)


def write_card(
    lake: Lake, registry: Registry, task: TaskName, version: int, out: Path | None = None
) -> Path:
    """Write the card as it stands now; where it was written.

    out: its ending says what it is; `card-<task>-<version>.html` in the lake's reports by
    default.

    Raises:
        LookupError: there is no such version.
        ValueError: for another ending than .html or .md.
    """
    path = out or lake.reports / f"card-{task}-{version}.html"
    made = {Path(name).suffix: text for name, text in cards(registry, task, version).items()}
    if path.suffix not in made:
        raise ValueError(f"--out {path} does not end in one of {', '.join(made)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, made[path.suffix])
    return path
