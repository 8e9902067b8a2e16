"""One step takes a task back to the champion before, on the record."""

from dataclasses import replace

import pytest

from training.approval.people import Duty, IdentityError
from training.registry.champion_pointer import read_champion
from training.registry.export import PromotionError
from training.registry.mlflow_registry import CHAMPION

from .conftest import ADA, BO, BY_DEMO, GOOD, NEWER, TASK

pytestmark = pytest.mark.slow(8)


@pytest.fixture
def twice(line):
    """A champion, and one after it."""
    line.promote(GOOD)
    line.promote(NEWER)
    line.kept.entries.clear()
    return line


def test_the_champion_before_serves_again(twice):
    back, left = twice.rollback()
    assert (back.version, left.version) == (GOOD, NEWER)
    assert read_champion(twice.lake, TASK) == back
    assert back.digest == twice.tags(GOOD)["digest"]
    assert twice.registry.aliases(TASK)[CHAMPION] == GOOD
    assert twice.tags(NEWER)["rolled_back_by"] == "bo"
    assert twice.tags(NEWER)["rolled_back_reason"] == "it drifts"
    assert twice.tags(GOOD)["restored_by"] == "bo"


def test_the_record_says_who_went_back_from_what_to_what_and_why(twice):
    twice.rollback()
    (entry,) = twice.kept.entries
    assert entry["kind"] == "model_rolled_back"
    assert entry["version"] == GOOD
    assert entry["previous"]["version"] == NEWER
    assert (entry["approver"]["name"], entry["reason"]) == ("bo", "it drifts")


def test_every_rollback_goes_one_champion_further_and_then_says_what_there_is(twice):
    twice.promote(BY_DEMO, reason="season", override=True)
    assert twice.rollback()[0].version == NEWER
    assert twice.rollback()[0].version == GOOD
    with pytest.raises(LookupError) as error:
        twice.rollback()
    assert str(error.value) == (
        f"stock_risk has no previous champion: version {GOOD} is the first. Registered are "
        "versions 1, 2, 3, 4, 5, 6, 7; `triage promote stock_risk --version N` takes one of them"
    )
    assert read_champion(twice.lake, TASK).version == GOOD


def test_a_rolled_back_model_can_be_promoted_again(twice):
    twice.rollback()
    assert [one.version for one in twice.promote(NEWER).previous] == [GOOD]
    assert twice.tags(NEWER)["rolled_back_at"] == ""


def test_without_a_champion_it_says_what_to_do(line):
    with pytest.raises(LookupError, match="has no champion to go back from; `triage promote stoc"):
        line.rollback()


def test_it_needs_a_reason_and_someone_who_may(twice):
    with pytest.raises(PromotionError, match="needs a reason"):
        twice.rollback(reason=" ")
    with pytest.raises(IdentityError, match="may not approve"):
        twice.rollback(replace(ADA, may=(Duty.TRAIN,)))
    assert read_champion(twice.lake, TASK).version == NEWER
    assert twice.rollback(BO)[0].version == GOOD


def test_a_change_that_cannot_be_recorded_does_not_happen(twice):
    twice.kept.away = OSError("read-only")
    with pytest.raises(PromotionError, match="stays what it was"):
        twice.rollback()
    assert read_champion(twice.lake, TASK).version == NEWER
    assert twice.registry.aliases(TASK)[CHAMPION] == NEWER


def test_a_damaged_artefact_does_not_come_back(twice, tried):
    digest = twice.tags(GOOD)["digest"]
    (twice.lake.models / TASK / digest / "model.txt").write_text("damaged")
    with pytest.raises(PromotionError, match=r"model\.txt"):
        twice.rollback()
    assert read_champion(twice.lake, TASK).version == NEWER
    assert not twice.kept.entries
