"""A promotion leaves a card with the approval in it, beside the pointer and with the run."""

import pytest

from models.artefact.folder import load_artefact
from training.card.render import log_card, write_card

from .conftest import GOOD, NEWER, TASK

pytestmark = pytest.mark.slow(4)


def in_run(line, version):
    run_id = line.registry.described(TASK, version).run_id
    return line.registry.mlflow.artifacts.load_text(f"runs:/{run_id}/card.html")


def test_the_card_is_made_again_with_the_approval_in_it(line):
    log_card(line.registry, TASK, GOOD)
    assert "Not approved" in in_run(line, GOOD)
    new = line.promote(GOOD, reason="the season starts")
    home = line.pointer.parent
    for text in ((home / f"card-{GOOD}.html").read_text(), in_run(line, GOOD)):
        assert "By bo (head of purchasing) on 2026-01-02, because: the season starts" in text
        assert "Not approved" not in text
    assert "By bo" in (home / f"card-{GOOD}.md").read_text()
    assert load_artefact(home / new.digest, new.digest).digest == new.digest


def test_after_a_rollback_both_cards_say_so(line):
    line.promote(GOOD)
    line.promote(NEWER)
    line.rollback(reason="it drifts")
    home = line.pointer.parent
    assert "by bo on 2026-01-02: it drifts" in (home / f"card-{NEWER}.html").read_text()
    assert "Restored by" in (home / f"card-{GOOD}.html").read_text()


def test_a_card_is_written_where_it_is_wanted_in_the_form_of_its_ending(line, tmp_path):
    made = write_card(line.lake, line.registry, TASK, GOOD)
    assert made == line.lake.reports / f"card-{TASK}-{GOOD}.html"
    assert made.read_text().startswith("<!doctype html>")
    told = write_card(line.lake, line.registry, TASK, GOOD, tmp_path / "deep" / "card.md")
    assert told.read_text().startswith("# stock\\_risk, version 1")
    with pytest.raises(ValueError, match=r"card\.pdf does not end in one of \.html, \.md"):
        write_card(line.lake, line.registry, TASK, GOOD, tmp_path / "card.pdf")
