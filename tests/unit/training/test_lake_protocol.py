"""Every task can be backtested on the distributor's own tables, site by site."""

import numpy as np
import pytest

from models.catalogue import TASKS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from tests.lakes import write_lake
from training.backtest.protocols import lake
from training.backtest.single_cut import find_protocol
from training.backtest.splits import BacktestError

pytestmark = pytest.mark.slow(6)


@pytest.fixture(scope="module")
def folder(world, tmp_path_factory):
    made = tmp_path_factory.mktemp("canonical")
    write_lake(made, world)
    return made


@pytest.mark.parametrize("name", list(TASKS))
def test_the_asks_of_every_task_have_labels_rules_and_a_segment_a_site(folder, name) -> None:
    protocol = find_protocol(name, lake.SOURCE, 300)
    gathered = protocol.gather(protocol.task, folder, None)
    asks = gathered.evidence
    assert 100 < len(asks) + len(gathered.unlabelled) <= 300
    assert len(asks.rules) == 2
    assert all(np.isfinite(score).any() for score in asks.rules.values())
    assert set(asks.segments) == {f"site:{site}" for site in set(asks.site)}
    for site, inside in asks.segments.items():
        assert set(asks.site[inside]) == {site.removeprefix("site:")}
    assert tuple(asks.inputs) == tuple(f.name for f in protocol.task.features)
    assert gathered.rows["read"] > 1000


def test_only_site_items_live_on_after_an_outcome() -> None:
    apart = {name: find_protocol(name, lake.SOURCE).apart for name in TASKS}
    assert apart == {
        STOCK_RISK.name: False,
        INVOICE_MISMATCH.name: True,
        SUPPLIER_DELAY.name: True,
    }


def test_backtests_that_the_lake_cannot_run_are_refused(folder) -> None:
    with pytest.raises(BacktestError, match="no task 'stock'; there are stock_risk"):
        find_protocol("stock", lake.SOURCE)
    with pytest.raises(BacktestError, match="only the lake takes --most"):
        find_protocol("supplier_delay", "scms_delivery", 100)
    protocol = find_protocol("stock_risk", lake.SOURCE, 100)
    with pytest.raises(ValueError, match="takes no second folder"):
        protocol.gather(protocol.task, folder, folder)
