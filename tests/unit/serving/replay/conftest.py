"""A small lake whose record holds answers of every task, some of them abstentions."""

import json
from collections.abc import Iterator

import pytest

from data.lake import Lake
from models.catalogue import TASKS
from serving.pipeline.engine import Engine, load_engine
from serving.replay.replay import replay_entries
from serving.replay.sources import ReplaySources, open_replay_sources
from serving.runtime.settings import ServiceSettings
from tests.support.synthetic_lake import ASKED_AT, example_case, make_lake

MANY = 20


@pytest.fixture(scope="session")
def lake(tmp_path_factory) -> Lake:
    return make_lake(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="session")
def engine(lake) -> Iterator[Engine]:
    started = load_engine(ServiceSettings(home=lake.home), lambda: ASKED_AT)
    yield started
    started.audit.close()


@pytest.fixture(scope="session")
def answered(engine):
    """Twenty answers of each task, on record."""
    made = [
        ask(engine, task, example_case(task, number)) for task in TASKS for number in range(MANY)
    ]
    return [engine.audit.read(identifier) for identifier in made]


@pytest.fixture
def sources(lake, engine) -> ReplaySources:
    """Open the lake's replay sources, with nothing loaded yet."""
    return open_replay_sources(lake, engine.audit)


def ask(engine, task, sent):
    """Send a case as a caller does and return the id of its answer."""
    read = engine.tasks[task].request.read(json.dumps({"cases": [sent]}).encode())
    (made,) = engine.answer(task, read).recommendations
    return made.id


def asked_again(engine, sources, task, sent):
    """Send a case, replay its answer and return the outcome."""
    (outcome,) = replay_entries([engine.audit.read(ask(engine, task, sent))], sources)
    return outcome
