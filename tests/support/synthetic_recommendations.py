"""Scores and recommendations made by hand, so that tests of answers need no model."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import NamedTuple

from models.catalogue import TASKS
from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.entry import GENESIS_HASH, Draft, entry_from_draft
from serving.audit.log.entry_kind import EntryKind
from serving.recommendation.recommend import CaseInput, Provenance, recommend
from serving.recommendation.score import Score, Waterfall
from serving.replay.recorded_reasons import WordedAnswer
from serving.review.report import NOT_REQUESTED, render_report
from serving.tasks.catalogue import SERVED_TASKS
from serving.tasks.policy_file import load_policy


class Step(NamedTuple):
    """A handmade step of an explanation."""

    feature: str
    theme: str
    value: float | None
    sentence: str
    contribution: float


ASKED_AT = datetime(2026, 3, 10, 8, tzinfo=UTC)
EXAMPLES = {name: served.request.example for name, served in SERVED_TASKS.items()}
CATALOGUE = SERVED_TASKS
POLICY = load_policy()
PROVENANCE = Provenance("3", "ab" * 32, date(2026, 3, 10), "cd" * 32)


def example_message(task, **changes):
    """Return the example of a task as a message, with changes."""
    body = json.dumps({"cases": [EXAMPLES[task] | changes]}).encode()
    return CATALOGUE[task].request.read(body)[0]


def reread(request, recorded):
    """Read a case back from its record, as plain values."""
    (case,) = request.read(json.dumps({"cases": [recorded]}).encode())
    return request.to_record(case)


def example_fields(task, **changes):
    """Return the fields of a task's example as plain values, with changes."""
    return CATALOGUE[task].request.to_record(example_message(task, **changes))


def make_score(task, probability=0.7, explained=None, base=0.2, steps=None):
    """Return a score of the explained class (the event by default)."""
    classes = TASKS[task].classes
    explained = explained or classes[1]
    rest = (1 - probability) / (len(classes) - 1)
    if steps is None:
        steps = [("cover", "3 days of cover", 0.3), ("late", None, probability - base - 0.3)]
    return Score(
        probabilities={name: probability if name == explained else rest for name in classes},
        explained=explained,
        probability=probability,
        low=probability - 0.1,
        high=min(probability + 0.1, 1.0),
        similar=200,
        similar_hits=round(200 * probability),
        class_set=[explained],
        quantiles={"0.1": -1.0, "0.5": 2.0, "0.9": 9.0} if TASKS[task].quantiles else {},
        unseen=["region"],
        outside=[],
        base=base,
        steps=Waterfall(
            Step(
                feature=name,
                theme="demand",
                value=None if text is None else 1.0,
                sentence=text or "missing: no receipt in 364 days",
                contribution=part,
            )
            for name, text, part in steps
        ),
    )


def recommend_example(
    task,
    given=None,
    made_from=PROVENANCE,
    policy=POLICY,
    abstentions=(),
    evidence=None,
    answered_at=ASKED_AT,
    **changes,
):
    """Return the recommendation for a task's example with that score and evidence."""
    case = example_fields(task, **changes)
    entry = replace(CATALOGUE[task], evidence=lambda *_: evidence)
    asked = CaseInput("rec-1", entry, case, ASKED_AT, answered_at)
    found = entry.rules(case, policy, ASKED_AT)
    return recommend(asked, given or make_score(task), found, policy, made_from, abstentions)


def recommendation_draft(task, number=1, given=None, **changes):
    """Return the audit draft of the recommendation for a task's example."""
    given = given or make_score(task)
    advice = recommend_example(task, given, **changes).model_copy(update={"id": f"rec-{number}"})
    case = {name: value for name, value in changes.items() if name not in {"policy", "abstentions"}}
    payload = {
        "kind": "recommendation",
        "input": example_message(task, **case).model_dump(mode="json"),
        "features": {step.feature: step.value for step in given.steps},
        "score": given.recorded()
        | {"steps": [[step.feature, step.contribution] for step in given.steps]},
        "recommendation": advice.model_dump(mode="json"),
    }
    return Draft(
        id=advice.id,
        kind=EntryKind.RECOMMENDATION,
        about=advice.id,
        task=task,
        site=advice.site_id,
        reference="/".join(advice.case.values()),
        priority=advice.priority,
        picked=advice.audit_sample,
        recorded_at=ASKED_AT.isoformat(),
        payload=payload,
    )


def recommendation_entry(task, **changes):
    """Return the first audit entry of a log that begins with that draft."""
    made = recommendation_draft(task, **changes)
    return entry_from_draft(made, canonicalize(made.payload), 1, GENESIS_HASH)


def example_report(task, ways=NOT_REQUESTED, **changes):
    """The report of that entry, with the words that its model has for the steps."""
    made = recommendation_entry(task, **changes)
    score = made.payload["score"]
    steps = (changes.get("given") or make_score(task)).steps.as_dicts()
    worded = made.payload | {"score": score | {"steps": steps}}
    return render_report(made, ways, reasons=WordedAnswer(worded))
