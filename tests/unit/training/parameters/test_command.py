"""`triage tune`: what it refuses, and the file it leaves."""

from pathlib import Path

import pytest

from data.lake import Lake
from tests.support.synthetic_task import draw_training_set, make_task
from training import tune as tuning
from training.backtest.protocols.protocol import BacktestProtocol, ProtocolData
from training.commands.train import tune
from training.parameters.parameter_files import LightGbmParameters, Parameters, read_parameters

pytestmark = pytest.mark.slow(2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": "bpic19"}, "takes both --source and --path"),
        ({"path": Path("here")}, "takes both --source and --path"),
        ({"source": "bpic19", "path": Path("here")}, "of invoice_mismatch, not of stock_risk"),
        ({"source": "shops", "path": Path("here")}, "no source 'shops'; there are scms_delivery"),
    ],
)
def test_a_search_of_what_is_not_there_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        tune("stock_risk", **given)


def test_the_file_says_what_it_rests_on_and_is_no_worse_than_what_was_there(tmp_path, monkeypatch):
    everything = draw_training_set(500).training
    present = Parameters(lightgbm=LightGbmParameters(num_leaves=4, num_iterations=10))
    monkeypatch.setattr(tuning, "load_parameters", lambda name: present)
    gathered = ProtocolData(everything, everything.asked_at[:0])
    protocol = BacktestProtocol("somewhere", make_task(), lambda task, path, later: gathered)
    said = []
    tuned = tuning.tune_task(
        make_task().name,
        Lake(tmp_path),
        protocol,
        tmp_path,
        trials=1,
        out=tmp_path / "found.toml",
        tell=lambda what, done: said.append(what),
    )
    text = (tmp_path / "found.toml").read_text()
    assert text.startswith("# somewhere: 1 trials on 4 rolling folds of the")
    assert tuned.found.name in text.replace("\n# ", " ")
    assert read_parameters(tmp_path / "found.toml") == (
        tuned.found.best if tuned.found.better else present
    )
    assert tuned.asks + tuned.held_out == 500
    assert said[0].startswith("trial 1: ")
