"""Bulk scoring: every case once a day, wherever a run stopped, and the file of the results."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.log.errors import AuditUnavailableError
from serving.commands.scores import COLUMNS, ScoreFile
from serving.pipeline import bulk_scoring
from serving.pipeline.bulk_scoring import BulkResult, BulkScorer
from serving.pipeline.engine import load_engine
from serving.replay.replay import replay_entries
from serving.replay.sources import open_replay_sources
from serving.runtime.settings import ServiceSettings
from tests.support.synthetic_lake import example_case, make_lake

pytestmark = pytest.mark.slow(4)

NOW = datetime(2026, 3, 11, 8, tzinfo=UTC)
TODAY, TOMORROW = date(2026, 3, 11), date(2026, 3, 12)
TASK = STOCK_RISK.name


@pytest.fixture
def lake(tmp_path):
    return make_lake(tmp_path, (TASK, SUPPLIER_DELAY.name))


@pytest.fixture
def engine(lake):
    started = load_engine(ServiceSettings(home=lake.home), lambda: NOW)
    yield started
    started.audit.close()


def cases(count, task=TASK):
    return [example_case(task, number) for number in range(count)]


def test_every_case_is_recorded_and_comes_back_in_order(engine, monkeypatch):
    monkeypatch.setattr(bulk_scoring, "BATCH_CASES", 3)
    results = list(BulkScorer(engine, TODAY).score(TASK, cases(7)))
    assert [result.case for result in results] == [f"site_03/item_{n:04}" for n in range(7)]
    assert all(result.recommendation for result in results)
    assert len(engine.audit.answers()) == 7


def test_a_second_run_of_the_day_answers_from_the_record(engine):
    first = list(BulkScorer(engine, TODAY).score(TASK, cases(5)))
    later = [case | {"asked_at": "2026-03-10T09:00:00Z"} for case in cases(5)]
    again = list(BulkScorer(engine, TODAY).score(TASK, later))
    assert [one.recommendation for one in again] == [one.recommendation for one in first]
    assert all(one.repeated for one in again)


def test_a_stopped_run_goes_on_where_it_stopped(engine, monkeypatch):
    monkeypatch.setattr(bulk_scoring, "BATCH_CASES", 2)
    run = BulkScorer(engine, TODAY).score(TASK, cases(6))
    seen = [next(run) for _ in range(3)]
    run.close()
    results = list(BulkScorer(engine, TODAY).score(TASK, cases(6)))
    assert [one.repeated for one in results] == [True] * 4 + [False] * 2, "two batches were done"
    assert [one.recommendation for one in results[:3]] == [one.recommendation for one in seen]


@pytest.mark.parametrize(
    ("day", "changes"), [(TOMORROW, {}), (TODAY, {"on_hand": 999.0})], ids=["next day", "changed"]
)
def test_a_changed_case_and_a_new_day_are_scored_anew(engine, day, changes):
    list(BulkScorer(engine, TODAY).score(TASK, cases(1)))
    (again,) = BulkScorer(engine, day).score(TASK, [cases(1)[0] | changes])
    assert not again.repeated


def test_tasks_with_equal_names_of_cases_do_not_share_answers(engine):
    scorer = BulkScorer(engine, TODAY)
    for task in (TASK, SUPPLIER_DELAY.name):
        (result,) = scorer.score(task, cases(1, task))
        assert result.recommendation.task == task


def test_a_case_that_cannot_be_read_is_named_and_holds_up_no_other(engine):
    wrong = cases(1)[0] | {"on_hand": "many"}
    first, second = BulkScorer(engine, TODAY).score(TASK, [wrong, cases(2)[1]])
    assert first.recommendation is None
    assert first.error.startswith("on_hand: ")
    assert second.recommendation is not None


def test_without_a_record_nothing_is_given_out(engine):
    with engine.audit.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE requests")
    with pytest.raises(AuditUnavailableError):
        list(BulkScorer(engine, TODAY).score(TASK, cases(1)))


def test_answers_are_replayed_bit_for_bit(engine, lake):
    list(BulkScorer(engine, TODAY).score(TASK, cases(3)))
    outcomes = list(replay_entries(engine.audit.answers(), open_replay_sources(lake, engine.audit)))
    assert [(one.difference, one.obstacle) for one in outcomes] == [(None, None)] * 3


def test_the_file_is_ranked_and_refused_cases_come_last(engine, tmp_path):
    path = tmp_path / "scores.parquet"
    file = ScoreFile(path)
    file.add(TASK, BulkResult("x/y", error="no such site"))
    for result in BulkScorer(engine, TODAY).score(TASK, cases(4)):
        file.add(TASK, result)
    assert file.write() == 5
    frame = pd.read_parquet(path)
    assert list(frame.columns) == list(COLUMNS)
    assert frame["priority"].iloc[:4].is_monotonic_decreasing
    assert frame["rank"].tolist() == [1, 2, 3, 4, 5]
    assert frame.iloc[4][["case", "error"]].tolist() == ["x/y", "no such site"]


def test_a_spreadsheet_takes_no_cell_for_a_formula(tmp_path):
    path = tmp_path / "scores.csv"
    file = ScoreFile(path)
    file.add(TASK, BulkResult("=1+1", error="-x"))
    file.write()
    row = pd.read_csv(path).iloc[0]
    assert (row["case"], row["error"]) == ("'=1+1", "'-x")


@pytest.mark.parametrize(
    ("name", "message"), [("a.xlsx", ".parquet or .csv"), ("no/a.csv", "no folder")]
)
def test_a_file_that_cannot_be_written_is_refused_before_the_work(tmp_path, name, message):
    with pytest.raises(ValueError, match=message):
        ScoreFile(tmp_path / name)
