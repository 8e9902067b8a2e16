"""What would bring a recorded case under the threshold: asked again, searched, verified."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pydantic import Field

from features.profiles import Profiles
from models.task import TaskName
from serving.audit.entry import Entry
from serving.catalogue import Served
from serving.champions import Champion
from serving.counterfactual import invoice_mismatch, stock_risk, supplier_delay
from serving.counterfactual.lever import Lever, Record
from serving.counterfactual.search import Found, changed, search
from serving.policy.policy import Policy, Thresholds
from serving.recommend import exception_probability
from serving.recommendation import Advice, Piece
from serving.replay.again import Question
from serving.replay.past import RecordedPast
from serving.replay.reason import NotReplayableError, Reason
from serving.replay.recorded import Recorded
from serving.replay.sources import Sources
from serving.score import Past, Score, probabilities, score
from serving.wording import share

Levers = Callable[[Record, datetime], Sequence[Lever]]

LEVERS: Mapping[TaskName, Levers] = {
    TaskName.STOCK_RISK: stock_risk.levers,
    TaskName.INVOICE_MISMATCH: invoice_mismatch.levers,
    TaskName.SUPPLIER_DELAY: supplier_delay.levers,
}


class Change(Piece):
    """One thing that would have to be so. amount: whole, in `unit`; 1 where it is yes or no."""

    name: str
    fields: list[str] = Field(description="fields of the case that differ")
    amount: int
    unit: str
    words: str


class Counterfactual(Piece):
    """Changes that are enough together; the changed case was scored: `probability`."""

    sentence: str
    changes: list[Change]
    probability: float = Field(description="exception probability of the changed case, as scored")
    threshold: float


class Counterfactuals(Piece):
    """What would have to be so for the case not to be flagged.

    tried: what was looked at, alone and two together. Nothing here is a forecast of what
    happens if somebody does it, only of what the service would then say.
    """

    recommendation_id: str
    sentence: str
    probability: float = Field(description="exception probability of the case as it was asked")
    threshold: float
    found: list[Counterfactual]
    tried: list[str]


class CannotRecomputeError(RuntimeError):
    """The answer cannot be computed again now, and why."""

    def __init__(self, why: str) -> None:
        super().__init__(f"cannot be recomputed now: {why}")


@dataclass(frozen=True)
class Then:
    """What an answer was made from, found again."""

    entry: Served
    champion: Champion
    past: Past
    policy: Policy

    @classmethod
    def of(
        cls, recorded: Recorded, advice: Advice, sources: Sources, profiles: Profiles | None
    ) -> Then:
        """By what the answer says of itself; its past from the record.

        profiles: those at hand, for an older entry, which does not hold its past.

        Raises:
            NotReplayableError: the model is not kept, or the policy or the past not on record.
        """
        model = advice.model
        if model is None:
            raise NotReplayableError(Reason.NO_MODEL, "no model scored the case")
        return cls(
            sources.tasks[advice.task],
            sources.champion(advice.task, model.version, model.digest),
            _past(recorded, advice, profiles),
            sources.policy(advice.policy.digest),
        )


def counterfactuals(
    sources: Sources, profiles: Profiles | None, recorded: Entry, advice: Advice
) -> Counterfactuals:
    """Ways under the threshold for a recorded recommendation, whenever it was given.

    Raises:
        CannotRecomputeError: what answered cannot be found again, or the case does not score
            as it did.
    """
    try:
        told = Recorded.of(recorded)
        then = Then.of(told, advice, sources, profiles)
        asked = _Asked(then, Question.of(told, then.entry).case, advice.asked_at)
        (now,) = asked.scores([asked.case])
        probability = exception_probability(then.entry.task, now.probabilities)
    except NotReplayableError as error:
        raise CannotRecomputeError(str(error)) from error
    if now.probabilities != advice.probabilities:
        raise CannotRecomputeError("the case does not score as it did")
    thresholds = then.policy.thresholds[advice.task]
    if advice.abstained:
        return _answer(advice, thresholds.watch, WITHHELD)
    if probability < thresholds.watch:
        return _answer(advice, thresholds.watch, _under(advice, thresholds.watch))
    return _searched(asked, advice, thresholds)


WITHHELD = "No advice is given on this case, so none on what would change the answer."


@dataclass(frozen=True)
class _Asked:
    """A case that can be asked again, changed or not."""

    then: Then
    case: Record
    at: datetime

    def scores(self, cases: Sequence[Record]) -> list[Score]:
        """Scores as answers are made of, explanations and all."""
        moments = [self.at] * len(cases)
        return score(self.then.champion, self.then.past, cases, moments).scores

    def probe(self, cases: Sequence[Record]) -> list[float]:
        """Exception probabilities of many cases; equal to those of `scores`, and quicker."""
        then, moments = self.then, [self.at] * len(cases)
        answers = probabilities(then.champion, then.past, cases, moments)
        return [exception_probability(then.entry.task, one) for one in answers]


def _searched(asked: _Asked, advice: Advice, thresholds: Thresholds) -> Counterfactuals:
    levers = LEVERS[advice.task](asked.case, asked.at)
    limits = [
        limit for limit in (thresholds.watch, thresholds.act) if limit <= _probability(advice)
    ]
    for limit in limits:
        found = search(asked.case, levers, asked.probe, limit)
        told = [one for one in (_verified(asked, way, limit) for way in found) if one]
        if told:
            return _answer(advice, limit, _some(advice, limit), told, levers)
    return _answer(advice, limits[0], _none(limits[0], levers), (), levers)


def _verified(asked: _Asked, way: Found, limit: float) -> Counterfactual | None:
    """The way in words, once the case so changed has been scored as answers are."""
    (scored,) = asked.scores([changed(asked.case, way.pulled)])
    probability = exception_probability(asked.then.entry.task, scored.probabilities)
    if probability >= limit:
        return None
    changes = [
        Change(
            name=lever.name,
            fields=sorted(lever.fields),
            amount=amount,
            unit=lever.unit,
            words=lever.words(amount),
        )
        for lever, amount in way.pulled
    ]
    words = " and ".join(change.words for change in changes)
    drops = f"Would drop to {_exactly(probability, limit)} (under {_limit(limit)})"
    return Counterfactual(
        sentence=f"{drops} if {words}.",
        changes=changes,
        probability=probability,
        threshold=limit,
    )


def _answer(
    advice: Advice,
    limit: float,
    sentence: str,
    found: Sequence[Counterfactual] = (),
    levers: Sequence[Lever] = (),
) -> Counterfactuals:
    return Counterfactuals(
        recommendation_id=advice.id,
        sentence=sentence,
        probability=_probability(advice),
        threshold=limit,
        found=list(found),
        tried=[lever.title for lever in levers],
    )


def _probability(advice: Advice) -> float:
    """Of an exception, as it was answered."""
    assert advice.exception_probability is not None  # a model scored it, see `Then.of`
    return advice.exception_probability


def _some(advice: Advice, limit: float) -> str:
    return (
        f"The probability of an exception is {share(_probability(advice))}. "
        f"It would be under {_limit(limit)} if one of these were established:"
    )


def _under(advice: Advice, limit: float) -> str:
    rules = " What the rules found is still to be settled." if advice.findings else ""
    return f"The probability of an exception is under {_limit(limit)} already.{rules}"


def _none(limit: float, levers: Sequence[Lever]) -> str:
    if not levers:
        return f"Nothing that people could change here was given, so no way under {_limit(limit)}."
    return (
        f"No way under {_limit(limit)} was found among what people could change here, "
        "alone or two together."
    )


def _limit(limit: float) -> str:
    return f"the threshold of {limit:.0%}"


def _exactly(probability: float, limit: float) -> str:
    """A probability in percent, with as many digits as it takes to be seen to be under."""
    if share(probability) != f"{limit:.0%}":
        return share(probability)
    return (
        f"{probability:.1%}"
        if f"{probability:.1%}" != f"{limit:.1%}"
        else f"just under {limit:.0%}"
    )


def _past(recorded: Recorded, advice: Advice, profiles: Profiles | None) -> Past:
    """What the profiles gave then; of an older entry, the profiles, if they are those still."""
    day, snapshot = advice.features_as_of, advice.snapshot_id
    assert day is not None  # a model scored it, see `Then.of`
    assert snapshot is not None
    try:
        return RecordedPast(date.fromisoformat(day), snapshot, [recorded.history])
    except NotReplayableError:
        if profiles is None or profiles.snapshot_id != snapshot:
            raise
        return profiles
