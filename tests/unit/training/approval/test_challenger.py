"""A version challenges when someone says so on the record; to answer, it takes a promotion's gates."""

import json

import pytest

from training.approval.approval import Approval
from training.promotion.challenger import (
    CHALLENGER_ENDED,
    CHALLENGER_SET,
    remove_challenger,
    set_challenger,
)
from training.registry.champion_pointer import read_champion
from training.registry.export import PromotionError

from .conftest import ADA, BO, GOOD, NEWER, NOON, REFUSED, TASK

pytestmark = pytest.mark.slow(3)


def challenged(line, version, share=0.0, approver=BO, **approval):
    given = Approval(approver, **approval)
    return set_challenger(
        TASK, line.lake, NOON, version, share, line.registry, approval=given, record=line.kept
    )


def stood_down(line, approver=BO):
    given = Approval(approver, "seen enough")
    return remove_challenger(TASK, line.lake, NOON, approval=given, record=line.kept)


def pointer(line):
    path = line.lake.models / TASK / "challenger.json"
    return json.loads(path.read_text()) if path.exists() else None


def test_a_challenger_in_shadow_is_exported_pointed_at_and_on_record(line):
    line.promote(GOOD)
    new = challenged(line, NEWER)
    at = pointer(line)
    assert (at["version"], at["digest"], at["share"]) == (NEWER, new.digest, 0.0)
    assert (line.lake.models / TASK / new.digest / "manifest.json").exists()
    assert read_champion(line.lake, TASK).version == GOOD
    entry = line.kept.entries[-1]
    assert (entry["kind"], entry["share"], entry["champion"]) == (CHALLENGER_SET, 0.0, GOOD)
    assert entry["approver"]["name"] == "bo"


@pytest.mark.parametrize(
    ("version", "approver"), [(REFUSED, BO), (GOOD, ADA)], ids=["by its gates", "by its trainer"]
)
def test_a_model_refused_for_promotion_may_only_score_in_shadow(line, version, approver):
    with pytest.raises(PromotionError):
        challenged(line, version, 0.1, approver)
    assert pointer(line) is None
    assert line.kept.entries == []
    assert challenged(line, version, 0.0, approver).share == 0.0


def test_a_larger_share_keeps_the_cases_it_has_and_another_model_draws_others(line):
    first = challenged(line, GOOD, 0.1)
    assert challenged(line, GOOD, 0.5).seed == first.seed
    assert challenged(line, NEWER, 0.1).seed != first.seed


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_a_share(line, share):
    with pytest.raises(ValueError, match="from 0 to 1"):
        challenged(line, GOOD, share)


def test_a_champion_does_not_challenge_itself(line):
    line.promote(GOOD)
    with pytest.raises(ValueError, match="version 1 is the champion"):
        challenged(line, GOOD)


def test_a_change_that_cannot_be_recorded_does_not_happen(line):
    line.kept.away = OSError("disk full")
    with pytest.raises(PromotionError, match="disk full"):
        challenged(line, GOOD)
    assert pointer(line) is None
    line.kept.away = None
    challenged(line, GOOD)
    line.kept.away = OSError("disk full")
    with pytest.raises(PromotionError, match="disk full"):
        stood_down(line)
    assert pointer(line)["version"] == GOOD


def test_a_challenger_stands_down_once_and_that_is_on_record(line):
    challenged(line, GOOD)
    assert stood_down(line) == GOOD
    assert pointer(line) is None
    assert (line.kept.entries[-1]["kind"], line.kept.entries[-1]["version"]) == (
        CHALLENGER_ENDED,
        GOOD,
    )
    with pytest.raises(LookupError, match="has no challenger"):
        stood_down(line)
