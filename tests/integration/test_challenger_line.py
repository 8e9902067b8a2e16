"""A challenger from the command line to the desk: in shadow, for a share, ended, followed."""

import json
import re
import shutil
import urllib.request
from statistics import mean

import pytest
from typer.testing import CliRunner

from serving.audit.factory import open_audit
from serving.audit.log.entry_kind import EntryKind
from serving.server.supervisor import run_service
from tests.support.ports import free_port
from tests.support.synthetic_lake import example_case
from tests.swapping.registered_versions import register
from tests.swapping.trial import settings, wait_until
from tests.swapping.versions import TASK, make_versions
from training.registry.mlflow_registry import CHAMPION, open_registry
from triage import app

pytestmark = pytest.mark.slow(20)

QUICK = {"TRIAGE_SWAP_SECONDS": "0.05"}
SITES = ("site_03", "site_04")
ROW = re.compile(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', re.DOTALL)
CELL = re.compile(r'<td class="number">(.*?)</td>')


class Line:
    """A service, the registry beside it, and whoever types commands or asks."""

    def __init__(self, versions, registry, running):
        self.versions, self.registry, self.running = versions, registry, running

    def triage(self, *arguments, user="bo"):
        """A command in this lake, by that user: what it says, or what it fails with."""
        environment = {"TRIAGE_HOME": str(self.versions.lake.home), "TRIAGE_USER": user}
        done = CliRunner().invoke(app, arguments, env=environment)
        return str(done.exception) if done.exception else done.output

    def ask(self, numbers):
        """What is recommended for cases of those numbers, every second one of another site."""
        cases = [example_case(TASK, number, site_id=SITES[number % 2]) for number in numbers]
        return self.running.recommend(TASK, cases)

    def answering(self):
        """The version that answers one case."""
        return self.ask([0])[0]["model"]["version"]

    def entries(self, *kinds):
        audit = open_audit(self.versions.lake)
        try:
            return audit.of_kind(*kinds)
        finally:
            audit.close()

    def desk(self):
        with urllib.request.urlopen(f"{self.running.address}/desk/challenger") as answer:
            return answer.read().decode()

    def decide(self, given, resolved_as):
        body = {"action": "followed", "role": "planner", "resolved_as": resolved_as}
        request = urllib.request.Request(
            f"{self.running.address}/v1/recommendations/{given['id']}/decision",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 201


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """Version 1 is champion; 2 and 3 are registered too, and 4, which bo trained, is 2 again."""
    versions = make_versions(tmp_path_factory.mktemp("lake"))
    registry = open_registry(versions.lake)
    trained = {"1": "ada", "2": "ada", "3": "ada"}
    for name, by in trained.items():
        assert register(registry, versions.home / versions.digests[name], by) == int(name)
    assert register(registry, versions.home / versions.digests["2"], "bo") == 4
    for path in versions.home.iterdir():  # what is wanted is brought from the registry
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with settings(QUICK):
        made = Line(versions, registry, None)
        assert "version 1" in made.triage("promote", TASK, "--version", "1")
        log = versions.lake.home / "service.log"
        with run_service(versions.lake, port=free_port(), log=log) as made.running:
            yield made


@pytest.fixture
def challenge(line):
    """`triage challenge`, until the service has taken it; ended after the test."""

    def challenged(*arguments, told):
        said = line.triage("challenge", TASK, *arguments)
        assert said.startswith(f"{TASK}: version 2 ("), said
        wait_until(lambda: told in line.desk())

    yield challenged
    if (line.versions.home / "challenger.json").exists():
        line.triage("challenge", TASK, "--off")
    wait_until(lambda: "challenges" not in line.desk())


def scores(line):
    """What was scored in shadow, by recommendation."""
    found = [one for e in line.entries(EntryKind.SHADOW) for one in e.payload["scores"]]
    return {one["recommendation"]: one for one in found}


def test_in_shadow_all_is_scored_nobody_is_told_and_the_desk_compares(line, challenge):
    challenge("--version", "2", told="version 2 challenges, in shadow only")
    given = line.ask(range(30))
    assert {one["model"]["version"] for one in given} == {"1"}
    wait_until(lambda: len(scores(line)) == len(given))
    found, digest = [scores(line)[one["id"]] for one in given], line.versions.digests["2"]
    assert digest not in json.dumps(given)
    assert [one["champion"] for one in found] == [one["probabilities"] for one in given]
    assert [one["site"] for one in found] == [SITES[number % 2] for number in range(30)]

    ends = list(given[0]["probabilities"])
    for one in given[:4]:
        line.decide(one, ends[0])
    rows = {name: CELL.findall(cells) for name, cells in ROW.findall(line.desk())}
    likeliest = [
        max(one["champion"], key=one["champion"].get)
        == max(one["challenger"], key=one["challenger"].get)
        for one in found
    ]
    brier = [[sum((one[who][c] - (c == ends[0])) ** 2 for c in ends) for one in found[:4]]
             for who in ("champion", "challenger")]  # fmt: skip
    apart = mean(abs(one["exception"] - one["shadow_exception"]) for one in found)
    assert rows["all"][0] == "30"
    assert rows["all"][1] == f"{100 * mean(likeliest):.1f} %"
    assert rows["all"][2] == f"{apart:.4f}"
    assert apart > 0
    assert rows["all"][3] == "4"
    assert rows["all"][6:] == [f"{mean(one):.4f}" for one in brier]
    assert [rows[f"site {site}"][0] for site in SITES] == ["15", "15"]


def test_the_challenger_scores_in_shadow_as_it_does_when_it_answers(line, challenge):
    before = set(scores(line))
    challenge("--version", "2", told="version 2 challenges, in shadow only")
    given = line.ask(range(40, 45))
    wait_until(lambda: len(set(scores(line)) - before) == len(given))
    shadowed = [scores(line)[one["id"]]["challenger"] for one in given]
    challenge("--version", "2", "--canary", "1", told="answers 100.0 % of the cases")
    told = line.ask(range(40, 45))
    assert {one["model"]["version"] for one in told} == {"2"}
    assert [one["probabilities"] for one in told] == shadowed


def test_a_canary_answers_the_same_cases_ever_again_and_more_when_its_share_grows(line, challenge):
    def taken(numbers):
        given = zip(numbers, line.ask(numbers), strict=True)
        return {number for number, one in given if one["model"]["version"] == "2"}

    numbers = list(range(200))
    challenge("--version", "2", "--canary", "0.3", told="answers 30.0 % of the cases")
    mine = taken(numbers)
    assert 20 <= len(mine) <= 100
    assert taken(numbers[::-1]) == mine
    assert {number for number in numbers[:40] if taken([number])} == mine & set(numbers[:40])
    challenge("--version", "2", "--canary", "0.6", told="answers 60.0 % of the cases")
    assert mine < taken(numbers)


def test_an_ended_challenge_is_on_record_and_the_champion_answers_all_again(line, challenge):
    challenge("--version", "2", "--canary", "1", told="answers 100.0 % of the cases")
    assert line.answering() == "2"
    said = line.triage("challenge", TASK, "--off")
    assert said == f"{TASK}: version 2 challenges no more\n"
    wait_until(lambda: line.answering() == "1")
    *_, change, ended = line.entries(EntryKind.CHALLENGER_SET, EntryKind.CHALLENGER_ENDED)
    assert (change.kind, ended.kind) == (EntryKind.CHALLENGER_SET, EntryKind.CHALLENGER_ENDED)
    assert (change.payload["version"], change.payload["share"]) == (2, 1)
    assert ended.payload["digest"] == line.versions.digests["2"]
    last = line.entries(EntryKind.MODEL_LOADED)[-1].payload
    assert (last["what"], last["model"]) == ("challenger", None)
    assert "triage challenge" in line.triage("challenge", TASK, "--off")


def test_the_trainer_may_not_start_a_canary(line):
    said = line.triage("challenge", TASK, "--version", "2", "--canary", "0.5", user="ada")
    assert "who trained may not approve" in said
    assert not (line.versions.home / "challenger.json").exists()


def test_following_promotes_what_the_alias_was_moved_to_unless_approval_refuses(line):
    assert line.triage("follow", TASK) == ""
    line.registry.alias(TASK, CHAMPION, 4)
    assert "bo trained it, and who trained may not approve" in line.triage("follow", TASK)
    line.registry.alias(TASK, CHAMPION, 3)
    assert "version 3" in line.triage("follow", TASK)
    wait_until(lambda: line.answering() == "3")
    assert line.ask([0])[0]["model"]["digest"] == line.versions.digests["3"]
    last = line.entries(EntryKind.MODEL_PROMOTED)[-1].payload
    assert (last["version"], last["reason"]) == (3, "the registry's alias was moved")
    line.registry.alias(TASK, CHAMPION, 1)
    line.triage("follow", TASK)
    wait_until(lambda: line.answering() == "1")
