"""Why a task has no champion: none was promoted, or what there is cannot be trusted."""

import pytest

from models.tasks.stock_risk import STOCK_RISK
from serving.model_registry.active_models import ActiveModels
from serving.model_registry.champions import UnavailableModel, load_champion
from serving.pipeline.model_selection import select_model
from serving.recommendation.fallback_ladder import Trigger
from serving.tasks.catalogue import SERVED_TASKS

TASK = STOCK_RISK.name


def code(found):
    """Why the champion's rung is left where that was found."""
    active = ActiveModels({}, {TASK: found}, object())
    return select_model(active, TASK, ["site_03", "item_0042"], None).down[0].code


def test_no_pointer_is_a_model_that_is_missing(tmp_path):
    found = load_champion(tmp_path, SERVED_TASKS[TASK])
    assert isinstance(found, UnavailableModel)
    assert not found.damaged
    assert code(found) is Trigger.MODEL_MISSING


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param('{"version": "1", "dig', id="cut"),
        pytest.param('{"version": "1", "digest": "../../etc"}', id="no digest"),
        pytest.param('{"version": "1", "digest": "%s"}' % ("ab" * 32), id="to nothing"),
    ],
)
def test_a_pointer_that_cannot_be_followed_is_a_model_that_is_damaged(tmp_path, text):
    (tmp_path / "champion.json").write_text(text)
    found = load_champion(tmp_path, SERVED_TASKS[TASK])
    assert isinstance(found, UnavailableModel)
    assert found.damaged
    assert f"triage promote {TASK}" in found.mend
    assert code(found) is Trigger.MODEL_DAMAGED
