"""Models that the watcher loads, refuses and records, on an engine without a server."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from models.artefact.folder import save_artefact
from models.fitting.fit import fit
from models.tasks.stock_risk import STOCK_RISK
from serving.audit.log.entry_kind import EntryKind
from serving.model_registry.shadow import ShadowScorer
from serving.model_registry.watcher import ModelWatcher
from serving.pipeline.engine import load_engine
from serving.runtime.settings import ServiceSettings, SwapSettings
from serving.tasks.catalogue import SERVED_TASKS
from tests.support.synthetic_lake import (
    SMALL_LIGHTGBM,
    example_case,
    make_lake,
    synthetic_training_set,
)

pytestmark = pytest.mark.slow(10)

TASK = STOCK_RISK.name


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A lake with a champion, and the digest of another version."""
    lake = make_lake(tmp_path_factory.mktemp("lake"), (TASK,))
    from features.profiles import Profiles

    task = replace(SERVED_TASKS[TASK].task, lightgbm=SMALL_LIGHTGBM | {"num_iterations": 9})
    draft = lake.models / TASK / "draft"
    digest = save_artefact(
        fit(task, synthetic_training_set(TASK, Profiles.open(lake.profiles))).model, draft
    )
    draft.rename(lake.models / TASK / digest)
    return lake.home, digest


@pytest.fixture
def home(made, tmp_path):
    shutil.copytree(made[0], tmp_path / "lake")
    return tmp_path / "lake"


@pytest.fixture
def other(made):
    return made[1]


@pytest.fixture
def engine(home):
    engine = load_engine(ServiceSettings(home=home), lambda: datetime.now(UTC))
    yield engine
    engine.audit.close()


@pytest.fixture
def watcher(engine, home):
    made = ModelWatcher(ServiceSettings(home=home).lake, SwapSettings(patience_seconds=0), engine)
    made.look()  # what lies there at the start is what answers
    return made


def point(home, name, version, digest, **more):
    fields = {"version": version, "digest": digest, **more}
    (home / "models" / TASK / name).write_text(json.dumps(fields))


def entries(engine, kind):
    return [entry.payload for entry in engine.audit.of_kind(kind)]


def ask(engine, number=1):
    (message,) = SERVED_TASKS[TASK].request.read(
        json.dumps({"cases": [example_case(TASK, number)]}).encode()
    )
    return engine.answer(TASK, [message]).recommendations[0]


def test_nothing_changes_and_nothing_is_recorded_while_nothing_is_offered(engine, watcher):
    assert watcher.look() is False
    assert entries(engine, EntryKind.MODEL_LOADED) == entries(engine, EntryKind.MODEL_REFUSED) == []


def test_a_new_champion_answers_from_then_on_and_that_is_on_record(engine, watcher, home, other):
    point(home, "champion.json", "2", other)
    assert watcher.look()
    answer = ask(engine)
    assert (answer.model.version, answer.model.digest) == ("2", other)
    (loaded,) = entries(engine, EntryKind.MODEL_LOADED)
    assert loaded["model"] == {"version": "2", "digest": other}
    assert loaded["before"]["version"] == "1"


def test_a_damaged_model_is_refused_once_and_the_old_one_stays(engine, watcher, home, other):
    (home / "models" / TASK / other / "model.txt").write_text("tree\n")
    point(home, "champion.json", "2", other)
    assert not any([watcher.look(), watcher.look()][1:])
    (refused,) = entries(engine, EntryKind.MODEL_REFUSED)
    assert "model.txt is damaged" in refused["reason"]
    assert str(home) not in refused["reason"]
    assert ask(engine).model.version == "1"
    assert "stock_risk champion" in engine.models.current.refused


def test_a_repaired_model_is_loaded_and_no_longer_refused(engine, watcher, home, other):
    folder = home / "models" / TASK / other
    folder.rename(folder.with_name("late"))
    point(home, "champion.json", "2", other)
    watcher.look()
    assert engine.models.current.refused
    folder.with_name("late").rename(folder)
    assert watcher.look()
    assert ask(engine).model.version == "2"
    assert not engine.models.current.refused


def test_files_on_their_way_are_waited_for_without_a_word(engine, home, other):
    watcher = ModelWatcher(
        ServiceSettings(home=home).lake, SwapSettings(patience_seconds=60), engine
    )
    point(home, "champion.json", "2", "ab" * 32)
    watcher.look()
    assert entries(engine, EntryKind.MODEL_REFUSED) == []
    point(home, "champion.json", "2", other)
    assert watcher.look()


def test_a_challenger_comes_with_its_share_and_leaves_with_its_pointer(
    engine, watcher, home, other
):
    point(home, "challenger.json", "2", other, share=1.0, seed="s")
    assert watcher.look()
    assert ask(engine).model.version == "2"
    point(home, "challenger.json", "2", other, share=0.0, seed="s")
    assert watcher.look()
    assert ask(engine).model.version == "1"
    (home / "models" / TASK / "challenger.json").unlink()
    assert watcher.look()
    assert not engine.models.current.challengers


def test_a_challenger_in_shadow_scores_what_the_champion_answered(engine, watcher, home, other):
    point(home, "challenger.json", "2", other)
    watcher.look()
    shadow = ShadowScorer(SwapSettings(), engine)
    engine.models.listeners += (shadow.enqueue_answers,)
    answer = ask(engine, 7)
    shadow.score(TASK, shadow._next_cases())
    (said,) = entries(engine, EntryKind.SHADOW)
    (score,) = said["scores"]
    assert score["recommendation"] == answer.id
    assert score["champion"] == answer.probabilities
    point(home, "champion.json", "2", other)
    watcher.look()
    assert score["challenger"] == ask(engine, 7).probabilities


def test_a_full_queue_drops_and_counts_and_never_waits(engine, watcher, home, other):
    point(home, "challenger.json", "2", other)
    watcher.look()
    shadow = ShadowScorer(SwapSettings(shadow_cases=1), engine)
    engine.models.listeners += (shadow.enqueue_answers,)
    for number in range(3):
        ask(engine, number)
    assert shadow.dropped == 2


def test_new_profiles_take_over_and_damaged_ones_do_not(engine, watcher, home):
    from data.store import Store
    from features.profiles import build_profiles
    from tests.support.synthetic_lake import AS_OF, past_orders

    path, before = ServiceSettings(home=home).lake.profiles, engine.models.current.profiles
    path.with_name("damaged").write_text("not a database")
    path.with_name("damaged").replace(path)
    assert watcher.look()
    assert engine.models.current.profiles is before
    assert "profiles" in engine.models.current.refused
    with Store.from_frames(past_orders()) as store:
        streams = SERVED_TASKS[TASK].streams
        build_profiles(store, streams, AS_OF.replace(day=9), path)
    assert watcher.look()
    assert engine.models.current.profiles.as_of.day == 9
    assert not engine.models.current.refused
    assert ask(engine).features_as_of == "2026-03-09"
