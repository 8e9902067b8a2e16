"""Compare champion and challenger on the recorded shadow scores.

Agreement, log loss, Brier score.
"""

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
    """Of n cases. agreement: share with the same likeliest class.

    difference: mean absolute one of the probability that anything goes wrong.
    decided: cases whose end was reported; the losses are over those, None without any.
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
    """One challenger against one champion: in all, by site, and by the champion's class."""

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
    """Every pair of models of the latest shadow entries, the newest first.

    sees: whether a site may be told of.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    query = queries.entries_of_kinds([EntryKind.SHADOW]).order_by(None)
    latest = audit.select(query.order_by(ENTRIES.c.sequence.desc()).limit(MAX_SHADOW_ENTRIES))
    ends = _reported_outcomes(audit)
    pairs: dict[tuple[str, str, str], list[ShadowScore]] = {}
    dropped: dict[tuple[str, str, str], int] = {}
    for entry in latest:
        if entry.body is None:
            continue
        said = entry.payload
        pair = (entry.envelope.task, _model_title(said["model"]), _model_title(said["against"]))
        scores = [ShadowScore.model_validate(score) for score in said["scores"]]
        pairs.setdefault(pair, []).extend(score for score in scores if sees(score.site))
        dropped[pair] = max(dropped.get(pair, 0), said["dropped"])
    return [
        _compare_pair(pair, scores, ends, dropped[pair]) for pair, scores in pairs.items() if scores
    ]


def agreement_figures(scores: Sequence[ShadowScore], ends: Mapping[str, str]) -> AgreementFigures:
    """What those scores come to. ends: the class a case was reported to end in, by id."""
    ended = [
        (s, ends[s.recommendation]) for s in scores if ends.get(s.recommendation) in s.champion
    ]
    return AgreementFigures(
        n=len(scores),
        agreement=_mean(
            likeliest_class(s.champion) == likeliest_class(s.challenger) for s in scores
        ),
        difference=_mean(abs(s.exception - s.shadow_exception) for s in scores),
        decided=len(ended),
        log_loss=_mean(log_loss(s.champion, end) for s, end in ended) if ended else None,
        shadow_log_loss=_mean(log_loss(s.challenger, end) for s, end in ended) if ended else None,
        brier=_mean(brier(s.champion, end) for s, end in ended) if ended else None,
        shadow_brier=_mean(brier(s.challenger, end) for s, end in ended) if ended else None,
    )


def likeliest_class(probabilities: ClassProbabilities) -> str:
    """The class with the largest probability; of equal ones the first by name."""
    return max(sorted(probabilities), key=lambda name: probabilities[name])


def log_loss(probabilities: ClassProbabilities, end: str) -> float:
    """Of one case, in nats."""
    return -math.log(max(probabilities[end], MIN_PROBABILITY))


def brier(probabilities: ClassProbabilities, end: str) -> float:
    """Of one case, summed over all classes: 0 to 2."""
    return sum((p - (name == end)) ** 2 for name, p in probabilities.items())


def _compare_pair(
    pair: tuple[str, str, str],
    scores: Sequence[ShadowScore],
    ends: Mapping[str, str],
    dropped: int,
) -> ChallengerComparison:
    def grouped(name: Callable[[ShadowScore], str]) -> dict[str, AgreementFigures]:
        groups: dict[str, list[ShadowScore]] = {}
        for score in scores:
            groups.setdefault(name(score), []).append(score)
        return {key: agreement_figures(groups[key], ends) for key in sorted(groups)}

    return ChallengerComparison(
        task=TaskName(pair[0]),
        challenger=pair[1],
        champion=pair[2],
        whole=agreement_figures(scores, ends),
        by_site=grouped(lambda score: score.site),
        by_class=grouped(lambda score: likeliest_class(score.champion)),
        dropped=dropped,
    )


def _reported_outcomes(audit: AuditStore) -> dict[str, str]:
    """How cases ended, as far as people reported it, by recommendation."""
    said = (e.payload for e in audit.of_kind(EntryKind.DECISION) if e.body is not None)
    return {d["recommendation_id"]: d["resolved_as"] for d in said if d["resolved_as"]}


def _model_title(named: Mapping[str, str]) -> str:
    return f"version {named['version']} ({named['digest'][:12]})"


def _mean(values: Iterable[float]) -> float:
    every = [float(value) for value in values]
    return sum(every) / len(every)
