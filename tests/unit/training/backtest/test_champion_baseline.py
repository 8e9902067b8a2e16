"""The champion as a rival: only where the asks are new to it, and it answers the same question."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from data.lake import Lake
from models.artefact.folder import save_artefact
from models.fitting.fit import fit
from tests.support import synthetic_task
from tests.unit.training.backtest_worlds import QUICK, asks
from training.backtest.champion_baseline import champion_baseline
from training.registry.champion_pointer import Champion, read_champion, write_champion
from training.registry.mlflow_registry import RegisteredVersion
from training.registry.version_evidence import LAST_TRAINING_ASK, last_training_ask

TASK = synthetic_task.make_task()


@dataclass
class FakeRegistry:
    """A registry of one version, with the tags that its training wrote."""

    digest: str
    tags: dict = field(default_factory=dict)

    def versions(self, task) -> dict[int, str]:
        return {1: self.digest}

    def described(self, task, number) -> RegisteredVersion:
        return RegisteredVersion(number, "run", self.tags)


def registry(lake: Lake, **tags: str) -> FakeRegistry:
    tags = tags or {LAST_TRAINING_ASK: last_training_ask(asks(300))}
    return FakeRegistry(read_champion(lake, TASK.name).digest, tags)


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    """A lake whose champion learnt from asks of 1 to 30 January."""
    made = Lake(tmp_path_factory.mktemp("lake"))
    model = fit(TASK, asks(300), QUICK).model
    save_artefact(model, made.models / TASK.name / model.digest)
    write_champion(
        made, TASK.name, Champion(TASK.name, 1, model.digest, "2026-02-01T00:00:00+00:00")
    )
    return made


def test_asks_are_new_to_a_champion_a_horizon_after_the_last_it_learnt_from(lake) -> None:
    rival, _ = champion_baseline(lake, TASK, registry(lake))
    assert rival is not None
    assert rival.fresh_from == np.datetime64("2026-02-01")  # the 30th, its day, and one day ahead
    probability = rival.forecast(asks(600)).probability
    old = asks(600).asked_at < rival.fresh_from
    assert np.isnan(probability[old]).all()
    assert probability[~old].sum(axis=1) == pytest.approx(np.ones((~old).sum()))


def test_asks_about_one_promise_are_new_only_when_the_last_of_them_is_past(lake) -> None:
    rival, _ = champion_baseline(
        lake, replace(TASK, ask_before_days=(14, 7, 2, -3)), registry(lake)
    )
    assert rival is not None
    assert rival.fresh_from == np.datetime64("2026-02-17")


def test_a_champion_of_other_classes_or_features_is_no_rival(lake) -> None:
    for other in (replace(TASK, classes=("A", "C")), replace(TASK, features=TASK.features[:2])):
        rival, why = champion_baseline(lake, other, registry(lake))
        assert rival is None
        assert "other features or has other classes" in why


def test_a_lake_without_a_champion_says_so(tmp_path) -> None:
    assert champion_baseline(Lake(tmp_path), TASK) == (
        None,
        "not applicable: the lake has no champion of this task",
    )


def test_a_champion_whose_version_does_not_say_what_it_learnt_from_is_no_rival(lake) -> None:
    for unknown in (registry(lake, digest="of an older training"), FakeRegistry("another")):
        assert champion_baseline(lake, TASK, unknown) == (
            None,
            "not applicable: the champion does not say which asks it learnt from",
        )
