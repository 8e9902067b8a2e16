"""Why a task has no champion: none was promoted, or what there is cannot be trusted."""

import pytest

from models.task import TaskName
from serving.catalogue import served
from serving.champions import Missing, champion
from serving.ladder import Trigger
from serving.lineup import Lineup
from serving.turns import turn

TASK = TaskName.STOCK_RISK


def code(found):
    """Why the champion's rung is left where that was found."""
    lineup = Lineup({}, {TASK: found}, object())
    return turn(lineup, TASK, ["site_03", "item_0042"], None).down[0].code


def test_no_pointer_is_a_model_that_is_missing(tmp_path):
    found = champion(tmp_path, served()[TASK])
    assert isinstance(found, Missing)
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
    found = champion(tmp_path, served()[TASK])
    assert isinstance(found, Missing)
    assert found.damaged
    assert f"triage promote {TASK}" in found.mend
    assert code(found) is Trigger.MODEL_DAMAGED
