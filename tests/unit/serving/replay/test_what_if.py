"""Effects of another policy or model, checked against counts made by plain loops."""

import io
import json
import shutil
from collections import Counter, OrderedDict
from dataclasses import replace
from math import fsum

import pytest
from rich.console import Console

from data.contracts.decisions import Action
from models.catalogue import TASKS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.model_registry.active_models import ActiveModelsHolder
from serving.pipeline.policy_in_force import PolicyHolder
from serving.policy.policy import parse_policy
from serving.policy.sections import CurrencyPolicy, Level
from serving.replay.recorded_answer import NotReplayableError
from serving.replay.replay import compute_in_batches
from serving.replay.sources import VERSIONS_FILE, digest_of_version
from serving.replay.what_if import wording
from serving.replay.what_if.comparison import (
    Alternative,
    AnswerSummary,
    ComparedAnswer,
    batch_comparison,
    parse_alternative,
)
from serving.replay.what_if.figures import BeforeAfter, DecidedAnswers, what_if_figures
from serving.replay.what_if.report import WhatIfReport, run_what_if
from serving.replay.what_if.wording import NO_CHANGE
from serving.review.decisions import DecisionMessage
from serving.review.what_if_view import what_if_lines, what_if_page, what_if_tables
from serving.tasks.policy_file import DEFAULT_POLICY_FILE, load_policy
from tests.support import synthetic_lake as made
from tests.support.synthetic_lake import decide

from .conftest import ask

pytestmark = pytest.mark.slow(4)

STOCK, INVOICE, DELAY = STOCK_RISK.name, INVOICE_MISMATCH.name, SUPPLIER_DELAY.name
EUR = CurrencyPolicy(
    reporting_currency="EUR", rates_at="2026-01-02", rates={"EUR": 1.0, "USD": 0.5}
)
POLICY = load_policy()
EVIL = '<script>alert("x")</script>'


def said(level="none", priority=0.0, amount=10.0, currency="EUR", **other):
    level = Level(level)
    rest = {"flagged": level is not Level.NONE, "abstained": False, "route": "planner"}
    return AnswerSummary(
        level=level, priority=priority, amount=amount, currency=currency, **rest | other
    )


def compared(number, before, after, case=None, site="S01"):
    return ComparedAnswer(
        id=f"rec-{number}",
        sequence=number,
        task=STOCK,
        site=site,
        case=case or f"case-{number}",
        before=before,
        after=after,
        policy=POLICY,
    )


def test_the_figures_by_hand():
    found = [
        compared(1, said("none"), said("watch"), case="again"),
        compared(2, said("watch", amount=3.0), said("act", amount=3.0), case="again"),
        compared(3, said("act", currency="USD"), said("none", currency="USD")),
        compared(4, said("watch", amount=None), said("watch", amount=None, abstained=True)),
        compared(5, said("watch", currency="XXX"), said("none", route="buyer", currency="XXX")),
    ]
    decided = {"rec-2": Action.FOLLOWED, "rec-3": Action.OVERRIDDEN, "rec-9": Action.IGNORED}
    figures = what_if_figures(STOCK, "", found, decided, EUR)
    assert (figures.answers, figures.cases) == (5, 4)
    assert figures.flagged == BeforeAfter(4, 3)
    assert figures.abstained == BeforeAfter(0, 1)
    assert figures.levels == {
        ("none", "watch"): 1,
        ("watch", "act"): 1,
        ("act", "none"): 1,
        ("watch", "none"): 1,
    }
    assert figures.routes == {("planner", "buyer"): 1}
    assert figures.money == BeforeAfter(3.0 + 5.0, 3.0)
    assert figures.unknown == BeforeAfter(2, 1)
    assert figures.decided == {
        "followed": DecidedAnswers(1, 1, 1),
        "overridden": DecidedAnswers(1, 1, 0),
    }
    assert (figures.top, figures.stays) == (4, 1.0)


def test_the_first_cases_are_those_of_the_highest_priority():
    """Twenty-four cases, ranked the other way round: the sixteen in the middle stay."""
    found = [compared(n, said(priority=n), said(priority=24 - n)) for n in range(24)]
    figures = what_if_figures(STOCK, "", found, {}, EUR)
    assert (figures.top, figures.stays) == (20, 16 / 20)


def test_no_answer_changes_no_order():
    assert what_if_figures(STOCK, "", [], {}, EUR).stays == 1.0


@pytest.fixture(scope="module")
def decided(engine, answered):
    """Record decisions on some of the answers; return the action by entry id."""
    actions = {}
    for place, entry in enumerate(answered[::7]):
        action = list(Action)[place % 3]
        message = DecisionMessage(action=action, role="planner", reason="as it was")
        _, advice = engine.read(entry.id)
        decide(engine, advice, message)
        actions[entry.id] = action
    return actions


def stricter():
    """Return a policy with lower thresholds, other rates, narrower intervals and another role."""
    plain = POLICY.plain()
    plain["thresholds"] = {task: {"act": 0.3, "watch": 0.1} for task in TASKS}
    plain["money"]["rates"] = {"EUR": 1.0}
    plain["roles"][STOCK] = "head of planning"
    for limits in plain["abstain"].values():
        limits["widest"] = 0.05
    return parse_policy(plain)


def places(entries):
    return [entry.sequence for entry in entries]


def test_another_policy_changes_what_a_service_under_it_would_have_said(
    engine, answered, sources, decided
):
    """Ask every case again of an engine under that policy; count by plain loops."""
    policy = stricter()
    other = replace(engine, policies=PolicyHolder(policy))
    report = run_what_if(places(answered), sources, Alternative(policy=policy))
    assert (report.answers, report.lacking, report.currency) == (len(answered), {}, "EUR")
    for task in TASKS:
        pairs = []
        for entry in answered:
            if entry.envelope.task != task:
                continue
            before = entry.payload["recommendation"]
            after = engine.audit.read(ask(other, task, entry.payload["input"]))
            pairs.append((before, after.payload["recommendation"]))
        (total,) = [one for one in report.figures if (one.task, one.site) == (task, "")]
        (at_site,) = [one for one in report.figures if (one.task, one.site) == (task, "site_03")]
        assert replace(at_site, site="") == total
        expected = oracle(pairs, decided)
        assert {name: getattr(total, name) for name in expected} == expected
    assert any(one.levels for one in report.figures)
    assert any(one.abstained.before != one.abstained.after for one in report.figures)


def oracle(pairs, decided):
    """Return the expected figures, each counted in a loop of its own."""
    flagged = [sum(1 for pair in pairs if pair[side]["flagged"]) for side in (0, 1)]
    abstained = [sum(1 for pair in pairs if pair[side]["abstained"]) for side in (0, 1)]
    money = [
        fsum(
            pair[side]["money_at_risk"]
            for pair in pairs
            if pair[side]["flagged"] and pair[side]["currency"] == "EUR"
        )
        for side in (0, 1)
    ]
    by_action = {}
    for before, after in pairs:
        if before["id"] in decided:
            counts = by_action.setdefault(str(decided[before["id"]]), [0, 0, 0])
            counts[0] += 1
            counts[1] += before["flagged"]
            counts[2] += after["flagged"]
    first = [
        {
            tuple(p[0]["case"].values())
            for p in sorted(pairs, key=lambda p, s=side: -p[s]["priority"])[:20]
        }
        for side in (0, 1)
    ]
    return {
        "answers": len(pairs),
        "flagged": BeforeAfter(*flagged),
        "abstained": BeforeAfter(*abstained),
        "levels": changed(pairs, "level"),
        "routes": changed(pairs, "route"),
        "money": BeforeAfter(*money),
        "decided": {name: DecidedAnswers(*counts) for name, counts in by_action.items()},
        "stays": len(first[0] & first[1]) / len(first[0]),
    }


def changed(pairs, name):
    counts = Counter((before[name], after[name]) for before, after in pairs)
    return {pair: count for pair, count in counts.items() if pair[0] != pair[1]}


def test_the_same_policy_and_model_change_nothing(answered, sources):
    """So the scores read back from the record lead to the very answers that were given."""
    for alternative in (Alternative(policy=POLICY), Alternative(version="1")):
        made = batch_comparison(alternative, sources)
        found = [one for _, one in compute_in_batches(answered, sources, made)]
        assert [one.before for one in found] == [one.after for one in found]
        assert [one.id for one in found] == [entry.id for entry in answered]


def test_nothing_is_written_to_the_record(engine, answered, sources):
    before = engine.audit.head()
    run_what_if(places(answered), sources, Alternative(policy=stricter()))
    run_what_if(places(answered), sources, Alternative(version="1"))
    assert engine.audit.head() == before


@pytest.fixture(scope="module")
def other_models(tmp_path_factory):
    """A lake with a model of each task that learnt from something else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "SMALL_LIGHTGBM", made.SMALL_LIGHTGBM | {"num_iterations": 3})
        return made.make_lake(tmp_path_factory.mktemp("other"), (STOCK,)).models


def exported(lake, other_models, tmp_path):
    """The lake with that model of stock risk as version 2, and a trial of version 3."""
    shutil.copytree(lake.models, tmp_path / "models")
    digest = json.loads((other_models / STOCK / "champion.json").read_text())["digest"]
    shutil.copytree(other_models / STOCK / digest, tmp_path / "models" / STOCK / digest)
    (tmp_path / "models" / STOCK / VERSIONS_FILE).write_text(json.dumps({"2": digest}))
    return tmp_path / "models", digest


def test_another_model_changes_what_a_service_with_it_would_have_said(
    engine, lake, answered, sources, other_models, tmp_path
):
    models, digest = exported(lake, other_models, tmp_path)
    there = replace(sources, models=models)
    report = run_what_if(places(answered), there, Alternative(version="2"))
    assert report.answers == sum(entry.envelope.task == STOCK for entry in answered)
    assert {(task, why.split(":")[0]) for task, why in report.lacking} == {
        (task, f"the lake has no version 2 of {task}; it has 1") for task in (INVOICE, DELAY)
    }
    assert any(
        "run `triage export supplier_delay --version 2`" in line for line in what_if_lines(report)
    )
    champion = there.champion(STOCK, "2", digest)
    active = engine.models.current
    champions = dict(active.champions) | {STOCK: champion}
    other = replace(engine, models=ActiveModelsHolder(replace(active, champions=champions)))
    stock = [entry for entry in answered if entry.envelope.task == STOCK]
    pairs = [
        (e.payload["recommendation"], engine.audit.read(again).payload["recommendation"])
        for e in stock
        for again in [ask(other, STOCK, e.payload["input"])]
    ]
    expected = oracle(pairs, {})
    names = expected.keys() - {"decided"}
    (total,) = [one for one in report.figures if not one.site]
    assert {name: getattr(total, name) for name in names} == {n: expected[n] for n in names}


def test_a_model_that_needs_other_measures_is_refused_in_words(
    lake, answered, sources, other_models, tmp_path
):
    models, digest = exported(lake, other_models, tmp_path)
    served = sources.tasks[STOCK]
    (stream, *rest) = served.streams
    wider = replace(stream, windows=(*stream.windows, 5))
    tasks = dict(sources.tasks) | {STOCK: replace(served, streams=[wider, *rest])}
    there = replace(sources, models=models, tasks=tasks)
    report = run_what_if(places(answered), there, Alternative(version="2"))
    ((_, why),) = [one for one in report.lacking if one[0] == STOCK]
    assert why.startswith("the past that was recorded has no ")
    assert why.count("_5d") >= 1
    shorter = replace(served, task=replace(served.task, features=served.task.features[1:]))
    tasks = dict(sources.tasks) | {STOCK: shorter}
    fresh = replace(there, tasks=tasks, opened=OrderedDict())
    report = run_what_if(places(answered), fresh, Alternative(version="2"))
    ((_, why),) = [one for one in report.lacking if one[0] == STOCK]
    assert why == (
        f"model {digest[:12]} of stock_risk was trained with other features than this version has"
    )


def test_versions_are_those_exported_and_those_promoted(tmp_path):
    folder = tmp_path / STOCK
    folder.mkdir()
    pointer = {"version": 3, "digest": "c", "previous": [{"version": 1, "digest": "a"}]}
    (folder / "champion.json").write_text(json.dumps(pointer))
    (folder / VERSIONS_FILE).write_text(json.dumps({"2": "b"}))
    assert [digest_of_version(tmp_path, STOCK, version) for version in "123"] == ["a", "b", "c"]
    with pytest.raises(NotReplayableError, match="no version 4 of stock_risk; it has 1, 2, 3: run"):
        digest_of_version(tmp_path, STOCK, "4")
    with pytest.raises(NotReplayableError, match="no version 1 of supplier_delay: run"):
        digest_of_version(tmp_path, DELAY, "1")


def test_what_if_takes_a_policy_a_version_or_both(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text(DEFAULT_POLICY_FILE.read_text())
    assert parse_alternative(["model=3"]) == Alternative(version="3")
    both = parse_alternative([str(path), "model=12"])
    assert (both.policy, both.version) == (POLICY, "12")
    assert str(both) == f"policy 2026.1 ({POLICY.digest[:12]}) and model version 12"
    for wrong in (["model=latest"], ["model=1", "model=2"], [str(path), str(path)], []):
        with pytest.raises(ValueError, match="--what-if takes a policy file"):
            parse_alternative(wrong)
    with pytest.raises(ValueError, match="policy nowhere"):
        parse_alternative(["nowhere.toml"])


def small(site="S01"):
    found = [
        compared(1, said("none"), said("watch"), site=site),
        compared(2, said("act", amount=1234.5), said("none", amount=1234.5), site=site),
        compared(3, said("act", amount=None), said("act", amount=None, route="b"), site=site),
    ]
    decided = {"rec-2": Action.OVERRIDDEN}
    figures = tuple(what_if_figures(STOCK, at, found, decided, EUR) for at in ("", site))
    at = "2026-03-10T08:00:00+00:00"
    return WhatIfReport("policy x", at, at, "EUR", figures, {("stock_risk", "it was erased"): 2})


def test_a_small_report_as_people_read_it(root):
    """The golden text: `tests/golden/what_if.txt`."""
    console = Console(width=140, record=True, file=io.StringIO())
    for table in what_if_tables(small()):
        console.print(table)
    for line in what_if_lines(small()):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    golden = root / "tests" / "golden" / "what_if.txt"
    assert console.export_text() == golden.read_text(encoding="utf-8")


LEVELS = {"n": "none", "w": "watch", "a": "act"}


@pytest.mark.parametrize(
    ("moves", "summary", "levels"),
    [
        (
            "nn",
            "the one answer would stay at the same level. 0 were flagged, 0 would be.",
            NO_CHANGE,
        ),
        (
            "aa ww",
            "both answers would stay at the same level. 2 were flagged, 2 would be.",
            NO_CHANGE,
        ),
        (
            "aa nn nn",
            "all 3 answers would stay at the same level. 1 was flagged, 1 would be.",
            NO_CHANGE,
        ),
        (
            "wa",
            "the one answer would have another level: 1 raised. 1 was flagged, 1 would be.",
            "1 watch → act",
        ),
        (
            "an nn",
            "1 of 2 answers would have another level: 1 lowered. 1 was flagged, 0 would be.",
            "1 act → none",
        ),
        (
            "nw aw",
            "both answers would have another level: 1 raised, 1 lowered. 1 was flagged, 2 would be.",
            "1 none → watch, 1 act → watch",
        ),
        (
            "wa wa an nw ww",
            "4 of 5 answers would have another level: 3 raised, 1 lowered. 4 were flagged, 4 would be.",
            "2 watch → act, 1 act → none, 1 none → watch",
        ),
        (
            "wa wa wa",
            "all 3 answers would have another level: 3 raised. 3 were flagged, 3 would be.",
            "3 watch → act",
        ),
    ],
)
def test_the_sentence_of_a_what_if_agrees_with_its_figures(moves, summary, levels):
    found = [
        compared(number, said(LEVELS[before]), said(LEVELS[after]))
        for number, (before, after) in enumerate(moves.split())
    ]
    figures = what_if_figures(STOCK, "", found, {}, EUR)
    assert wording.summary(figures) == f"{STOCK}: {summary}"
    assert wording.changes(figures.levels) == levels


@pytest.mark.parametrize(
    ("cases", "stay", "said_of_them"),
    [
        (0, 0, "no case"),
        (1, 1, "1 of the first 1 case"),
        (24, 16, "16 of the first 20 cases"),
        (40, 0, "0 of the first 20 cases"),
    ],
)
def test_the_first_cases_that_stay_are_counted(cases, stay, said_of_them):
    found = [compared(n, said(priority=n), said(priority=cases - n)) for n in range(cases)]
    figures = what_if_figures(STOCK, "", found, {}, EUR)
    assert round(figures.stays * figures.top) == stay or not cases
    assert wording.stays(figures) == said_of_them


@pytest.mark.parametrize(
    ("until", "said_of_it"),
    [
        ("2026-03-10T09:00:00+00:00", "1 answer given on 2026-03-10."),
        ("2026-03-11T08:00:00+00:00", "1 answer given from 2026-03-10 to 2026-03-11."),
    ],
)
def test_a_period_of_one_day_is_that_day(until, said_of_it):
    figures = what_if_figures(STOCK, "", [compared(1, said(), said())], {}, EUR)
    report = WhatIfReport("x", "2026-03-10T08:00:00+00:00", until, "EUR", (figures,), {})
    assert wording.period(report) == said_of_it


def test_the_page_holds_the_same_and_nothing_of_others():
    page = what_if_page(small(site=EVIL))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    for text in ("What if: policy x", "1 none → watch", "1,234 → 10", "1 overridden", "EUR"):
        assert text in page
    assert "2 answers of stock_risk left out: it was erased" in page
    assert not any(word in page for word in ("http:", "https:", " src=", "@import", "url("))


def test_the_figures_are_plain_json():
    values = json.loads(json.dumps(small().as_json(), allow_nan=False))
    total = values["figures"][0]
    assert total["levels"][0] == {"before": "none", "after": "watch", "answers": 1}
    assert total["money"] == {"before": 1234.5, "after": 10.0}
    assert total["decided"] == {"overridden": {"answers": 1, "before": 1, "after": 0}}
    assert values["not_replayed"] == [{"task": "stock_risk", "why": "it was erased", "answers": 2}]
