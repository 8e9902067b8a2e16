"""Compare champion and challenger on recorded shadow scores: agreement, log loss, Brier score."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.task import TaskName
from serving.audit.log import queries
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import ENTRIES
from serving.model_registry.shadow import ShadowScore

MAX_SHADOW_ENTRIES = 500
MIN_PROBABILITY = 1e-15

ClassProbabilities = Mapping[str, float]


@dataclass(frozen=True)
class AgreementFigures:
    """Figures of n cases.

    agreement: share with the same likeliest class. difference: mean absolute difference of the
    exception probabilities. decided: cases whose outcome was reported; log loss and Brier score
    are over those, None without any.
    """

    n: int
    agreement: float
    difference: float
    decided: int
    log_loss: float | None
    shadow_log_loss: float | None
    brier: float | None
    shadow_brier: float | None


@dataclass(frozen=True)
class ChallengerComparison:
    """One challenger against one champion: overall, by site, and by the champion's class."""

    task: TaskName
    challenger: str
    champion: str
    whole: AgreementFigures
    by_site: Mapping[str, AgreementFigures]
    by_class: Mapping[str, AgreementFigures]
    dropped: int


def compare_challengers(
    audit: AuditStore, sees: Callable[[str], bool]
) -> list[ChallengerComparison]:
    """Compare every pair of models in the latest shadow entries, the newest first.

    sees: whether the reader may see a site.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    query = queries.entries_of_kinds([EntryKind.SHADOW]).order_by(None)
    latest = audit.select(query.order_by(ENTRIES.c.sequence.desc()).limit(MAX_SHADOW_ENTRIES))
    outcomes = _reported_outcomes(audit)
    pairs: dict[tuple[str, str, str], list[ShadowScore]] = {}
    dropped: dict[tuple[str, str, str], int] = {}
    for entry in latest:
        if entry.body is None:
            continue
        content = entry.payload
        pair = (
            entry.envelope.task,
            _model_title(content["model"]),
            _model_title(content["against"]),
        )
        scores = [ShadowScore.model_validate(score) for score in content["scores"]]
        pairs.setdefault(pair, []).extend(score for score in scores if sees(score.site))
        dropped[pair] = max(dropped.get(pair, 0), content["dropped"])
    return [
        _compare_pair(pair, scores, outcomes, dropped[pair])
        for pair, scores in pairs.items()
        if scores
    ]


def agreement_figures(
    scores: Sequence[ShadowScore], outcomes: Mapping[str, str]
) -> AgreementFigures:
    """Compute the figures of scores. outcomes: reported class of a case, by recommendation."""
    decided = [
        (s, outcomes[s.recommendation])
        for s in scores
        if outcomes.get(s.recommendation) in s.champion
    ]
    return AgreementFigures(
        n=len(scores),
        agreement=_mean(
            likeliest_class(s.champion) == likeliest_class(s.challenger) for s in scores
        ),
        difference=_mean(abs(s.exception - s.shadow_exception) for s in scores),
        decided=len(decided),
        log_loss=_mean(log_loss(s.champion, outcome) for s, outcome in decided)
        if decided
        else None,
        shadow_log_loss=_mean(log_loss(s.challenger, outcome) for s, outcome in decided)
        if decided
        else None,
        brier=_mean(brier(s.champion, outcome) for s, outcome in decided) if decided else None,
        shadow_brier=_mean(brier(s.challenger, outcome) for s, outcome in decided)
        if decided
        else None,
    )


def likeliest_class(probabilities: ClassProbabilities) -> str:
    """Return the class with the largest probability; of equal ones the first by name."""
    return max(sorted(probabilities), key=lambda name: probabilities[name])


def log_loss(probabilities: ClassProbabilities, outcome: str) -> float:
    """Log loss of one case, in nats."""
    return -math.log(max(probabilities[outcome], MIN_PROBABILITY))


def brier(probabilities: ClassProbabilities, outcome: str) -> float:
    """Brier score of one case, summed over all classes: 0 to 2."""
    return sum((p - (name == outcome)) ** 2 for name, p in probabilities.items())


def _compare_pair(
    pair: tuple[str, str, str],
    scores: Sequence[ShadowScore],
    outcomes: Mapping[str, str],
    dropped: int,
) -> ChallengerComparison:
    def grouped(name: Callable[[ShadowScore], str]) -> dict[str, AgreementFigures]:
        groups: dict[str, list[ShadowScore]] = {}
        for score in scores:
            groups.setdefault(name(score), []).append(score)
        return {key: agreement_figures(groups[key], outcomes) for key in sorted(groups)}

    return ChallengerComparison(
        task=TaskName(pair[0]),
        challenger=pair[1],
        champion=pair[2],
        whole=agreement_figures(scores, outcomes),
        by_site=grouped(lambda score: score.site),
        by_class=grouped(lambda score: likeliest_class(score.champion)),
        dropped=dropped,
    )


def _reported_outcomes(audit: AuditStore) -> dict[str, str]:
    """Return the reported class of each decided case, by recommendation."""
    payloads = (
        entry.payload for entry in audit.of_kind(EntryKind.DECISION) if entry.body is not None
    )
    return {
        decision["recommendation_id"]: decision["resolved_as"]
        for decision in payloads
        if decision["resolved_as"]
    }


def _model_title(named: Mapping[str, str]) -> str:
    return f"version {named['version']} ({named['digest'][:12]})"


def _mean(values: Iterable[float]) -> float:
    every = [float(value) for value in values]
    return sum(every) / len(every)
