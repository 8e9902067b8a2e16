"""A model goes into service when someone who did not train it says so, on the record."""

import json
from dataclasses import replace

import pytest

from training.approval.people import DEMO_IDENTITY, Duty, IdentityError
from training.registry.champion_pointer import champion_lock, read_champion
from training.registry.export import PromotionError
from training.registry.mlflow_registry import CHAMPION

from .conftest import (
    ADA,
    ALL_IDLE,
    BO,
    BY_DEMO,
    BY_NOBODY,
    GOOD,
    MANIFEST,
    NEWER,
    NOON,
    REFUSED,
    TASK,
    UNTRIED,
)

pytestmark = pytest.mark.slow(9)

WHY = "the season starts"


def unchanged(line):
    """Nothing was promoted, and nothing is said to have been."""
    return (
        read_champion(line.lake, TASK) is None
        and CHAMPION not in line.registry.aliases(TASK)
        and not line.kept.entries
    )


def test_someone_else_approves_and_the_service_and_the_registry_point_at_it(line, tried):
    new = line.promote(GOOD, reason=WHY)
    pointer = json.loads(line.pointer.read_text())
    assert pointer == {
        "task": TASK,
        "version": GOOD,
        "digest": line.tags(GOOD)["digest"],
        "promoted_at": NOON.isoformat(),
        "approval": "required",
        "approved_by": "bo",
        "previous": [],
    }
    assert read_champion(line.lake, TASK) == new
    assert line.registry.aliases(TASK)[CHAMPION] == GOOD
    assert (line.lake.models / TASK / new.digest / "manifest.json").exists()


def test_the_version_says_who_approved_it_why_and_on_what(line):
    line.promote(GOOD, reason=WHY)
    (entry,) = line.kept.entries
    tags = line.tags(GOOD)
    assert tags == tags | {
        "approved_by": "bo",
        "approver_role": "head of purchasing",
        "approved_at": NOON.isoformat(),
        "approval_reason": WHY,
        "approval_override": "false",
        "approval": "required",
        "gates": "pass",
        "held_out_log_loss": "0.2500",
        "data_manifest": entry["data"]["digest"],
    }


def test_the_entry_holds_approver_gates_metrics_data_and_what_went_before(line):
    line.promote(GOOD)
    line.promote(REFUSED, reason=WHY, override=True)
    first, second = line.kept.entries
    assert first["previous"] is None
    assert second["previous"] == {"version": GOOD, "digest": first["digest"]}
    assert second["kind"] == "model_promoted"
    assert (second["task"], second["version"]) == (TASK, REFUSED)
    assert second["decided_at"] == NOON.isoformat()
    assert second["trained_by"] == "ada"
    assert second["approver"] == {
        "name": "bo",
        "role": "head of purchasing",
        "proved_by": "token",
    }
    assert (second["approval"], second["reason"], second["override"]) == ("override", WHY, True)
    assert second["gates"]["verdict"] == "fail: TRG004"
    told = {finding["code"]: finding["verdict"] for finding in second["gates"]["findings"]}
    assert told == {"TRG001": "pass", "TRG004": "fail"}
    assert second["gates"]["findings"][1]["figures"] == {"difference": 0.1, "undefined": None}
    assert second["metrics"] == {"log_loss": 0.25, "rows": 100.0}
    assert second["data"]["manifest"] == MANIFEST


@pytest.mark.parametrize("name", ["ada", " Ada"])
@pytest.mark.parametrize("override", [False, True])
def test_the_trainer_may_not_approve_whatever_the_reason(line, name, override):
    with pytest.raises(PromotionError, match="ada trained it, and who trained may not approve"):
        line.promote(GOOD, replace(ADA, name=name), WHY, override=override)
    assert unchanged(line)


def test_the_training_role_may_not_approve(line):
    with pytest.raises(IdentityError, match=r"bo .* may not approve, only train"):
        line.promote(GOOD, replace(BO, may=(Duty.TRAIN,)))
    assert unchanged(line)


@pytest.mark.parametrize(
    ("version", "why"),
    [
        (REFUSED, "TRG004 At S02 log-loss is 0.40, the champion's is 0.30.; give --override"),
        (UNTRIED, "no gates are recorded for it"),
        (ALL_IDLE, "not one of its gates applied"),
        (BY_DEMO, "it was trained by demo, so it cannot be told"),
        (BY_NOBODY, "it was trained by nobody knows whom, so it cannot be told"),
    ],
)
def test_a_refused_model_is_promoted_only_by_an_override_with_a_reason(line, version, why):
    with pytest.raises(PromotionError) as error:
        line.promote(version)
    assert why in str(error.value)
    with pytest.raises(PromotionError, match="an override needs a reason"):
        line.promote(version, reason=" ", override=True)
    assert unchanged(line)
    new = line.promote(version, reason=WHY, override=True)
    assert (new.version, new.approval) == (version, "override")
    tags = line.tags(version)
    assert (tags["approval_override"], tags["approval_reason"]) == ("true", WHY)


def test_nobody_approves_outside_demo_mode(line):
    with pytest.raises(PromotionError, match="nobody is named as its approver"):
        line.promote(GOOD, DEMO_IDENTITY, WHY, override=True)
    assert unchanged(line)


def test_in_demo_mode_who_trained_may_promote_and_everything_says_so(line):
    line.promote(GOOD, ADA, demo=True)
    assert json.loads(line.pointer.read_text())["approval"] == "demo"
    assert line.tags(GOOD)["approval"] == "demo"
    assert line.kept.entries[0]["approval"] == "demo"


def test_demo_mode_does_not_switch_off_the_gates(line):
    with pytest.raises(PromotionError, match="TRG004"):
        line.promote(REFUSED, DEMO_IDENTITY, demo=True)
    assert unchanged(line)


def test_a_promotion_that_cannot_be_recorded_does_not_happen(line):
    line.promote(GOOD)
    before, tags = line.pointer.read_bytes(), line.tags(NEWER)
    line.kept.away = RuntimeError("nothing was recorded: disk full")
    with pytest.raises(PromotionError, match=r"stays what it was: .* disk full"):
        line.promote(NEWER)
    assert line.pointer.read_bytes() == before
    assert line.registry.aliases(TASK)[CHAMPION] == GOOD
    assert line.tags(NEWER) == tags


class DiedError(BaseException):
    """The process ended."""


def test_a_promotion_that_died_after_its_entry_can_be_made_again(line, monkeypatch):
    def died(*_):
        raise DiedError

    line.promote(GOOD)
    with monkeypatch.context() as patched:
        patched.setattr("training.promotion.promote.write_champion", died)
        with pytest.raises(DiedError):
            line.promote(NEWER)
    assert read_champion(line.lake, TASK).version == GOOD
    again = line.promote(NEWER)
    assert read_champion(line.lake, TASK) == again
    assert [one.version for one in again.previous] == [GOOD]
    assert [entry["version"] for entry in line.kept.entries] == [GOOD, NEWER, NEWER]


def test_promoting_the_champion_again_mends_the_alias_and_keeps_what_went_before(line):
    line.promote(GOOD)
    line.promote(NEWER)
    line.registry.alias(TASK, CHAMPION, GOOD)
    again = line.promote(NEWER)
    assert [one.version for one in again.previous] == [GOOD]
    assert line.registry.aliases(TASK)[CHAMPION] == NEWER


def test_concurrent_promotions_of_one_version_promote_once(line):
    with (
        champion_lock(line.lake, TASK),
        pytest.raises(RuntimeError, match="another process is changing"),
    ):
        line.promote(GOOD)
    assert unchanged(line)


def test_a_pointer_from_before_approvals_is_still_read(line):
    line.pointer.parent.mkdir(parents=True)
    old = {"task": TASK, "version": 9, "digest": "d", "promoted_at": "2025-01-01T00:00:00+00:00"}
    line.pointer.write_text(json.dumps(old))
    assert read_champion(line.lake, TASK).approval == "unknown"
    assert line.promote(GOOD).previous[0].version == 9
