"""A version whose alias was moved by hand in the registry is promoted or refused."""

import pytest

from training.approval.approval import Approval
from training.promotion.promote import promote_by_alias
from training.registry.champion_pointer import read_champion
from training.registry.export import PromotionError
from training.registry.mlflow_registry import CHAMPION

from .conftest import BO, GOOD, NEWER, NOON, REFUSED, TASK

pytestmark = pytest.mark.slow(3)


def moved(line, version):
    client = line.registry.mlflow.MlflowClient()
    client.set_registered_model_alias(TASK, CHAMPION, str(version))


def followed(line):
    given = Approval(BO, "the registry's alias was moved")
    return list(
        promote_by_alias([TASK], line.lake, NOON, line.registry, approval=given, record=line.kept)
    )


def test_nothing_happens_while_the_alias_names_nobody_or_the_one_who_serves(line):
    assert followed(line) == []
    line.promote(GOOD)
    assert followed(line) == []
    assert len(line.kept.entries) == 1


def test_the_model_under_the_moved_alias_serves_and_is_on_record(line):
    line.promote(GOOD)
    moved(line, NEWER)
    (new,) = followed(line)
    assert new.version == read_champion(line.lake, TASK).version == NEWER
    assert line.kept.entries[-1]["previous"]["version"] == GOOD
    assert followed(line) == []


def test_a_model_that_gates_refuse_does_not_serve_even_if_the_alias_points_to_it(line):
    line.promote(GOOD)
    moved(line, REFUSED)
    (why,) = followed(line)
    assert isinstance(why, PromotionError)
    assert read_champion(line.lake, TASK).version == GOOD
