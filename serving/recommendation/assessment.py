"""Assessment of a case: one story of evidence first, then what the model and the rules say.

Level, owner, suggestion and rank all follow from the same grounds, so that they cannot
contradict each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from data.contracts.invoice_outcomes import ExceptionClass
from models.task import Task
from serving.policy.finding import Finding
from serving.policy.policy import Policy
from serving.policy.sections import Level
from serving.recommendation.advised_task import AdvisedTask
from serving.recommendation.evidence import Evidence
from serving.recommendation.priority import Weight, not_ranked
from serving.recommendation.recommendation import Abstention
from serving.recommendation.rule_floor import flagging
from serving.recommendation.score import Score

WEAKEST_FIRST = (Level.NONE, Level.WATCH, Level.ACT)
NOTHING_TO_DO = not_ranked("nothing to do: ranked last")
NO_ADVICE = not_ranked("no advice: ranked last")
NOTHING_FOUND = not_ranked("no score, and no rule found anything: ranked last")
HAS_HAPPENED = Weight(1.0, "1 as it has happened")
RULE_FOUND = Weight(1.0, "1 as a rule found something")


@dataclass(frozen=True)
class Assessment:
    """Grounds of a recommendation, and the level, owner and suggestion that follow from them.

    Attributes:
        served: task of the case.
        findings: of the rules.
        evidence: what the facts say of the case, if anything.
        policy: applied to all of it.
        score: of the model; None where none answered.
        doubts: reasons not to advise on the score.
    """

    served: AdvisedTask
    findings: Sequence[Finding]
    evidence: Evidence | None
    policy: Policy
    score: Score | None = None
    doubts: Sequence[Abstention] = ()

    @property
    def task(self) -> Task:
        """The task that the case is asked for."""
        return self.served.task

    @property
    def settled(self) -> bool:
        """True where the facts decide the case, whatever the model says."""
        return self.evidence is not None and self.evidence.settled

    @property
    def nothing_to_do(self) -> bool:
        """True where the facts say that nothing is left to do."""
        return self.evidence is not None and self.evidence.nothing_to_do

    @property
    def abstentions(self) -> list[Abstention]:
        """Reasons not to use the score; none where the facts decide without it."""
        return [] if self.settled else list(self.doubts)

    @property
    def abstained(self) -> bool:
        """True where there is no advice: no ground for the model, and facts call for no level."""
        return bool(self.abstentions) and self._called_for is None

    @property
    def flagged(self) -> bool:
        """True where a person is to look at the case for what is known of it."""
        return self.level is not Level.NONE

    @cached_property
    def level(self) -> Level:
        """Level of the suggestion: that of settled facts, else the strongest of all grounds."""
        by_facts = self._called_for or Level.NONE
        if self.settled:
            return by_facts
        by_rules = Level.WATCH if flagging(self.findings) or self.abstained else Level.NONE
        return max(by_facts, by_rules, self._level_of_score, key=WEAKEST_FIRST.index)

    @cached_property
    def suspect(self) -> ExceptionClass | None:
        """Exception class to look for: what the facts show, else a class with support."""
        if shown := _first_class(self._leading_codes):
            return shown
        if self.abstained or self.settled:
            return None
        score = None if self.abstentions else self.score
        found = self.served.suspect(score, flagging(self.findings), self.level)
        return found if found is not None and self._is_supported(found) else None

    @property
    def route(self) -> str:
        """Role that should see the case: owner of what the facts show, else of the suspicion."""
        owners = {finding.code: finding.role for finding in self.findings}
        if (
            owned := next((code for code in self._leading_codes if code in owners), None)
        ) is not None:
            return owners[owned]
        if self.suspect is None:
            return self.policy.roles[self.task.name]
        return self.policy.classes[self.suspect].role

    @property
    def suggested_action(self) -> str:
        """Suggested action: by the facts, by the suspected class, else by the level."""
        if self.evidence is not None and self.evidence.suggestion and not self._only_informs:
            return self.evidence.suggestion
        if self.abstained or (self.score is None and not self.flagged and not self.settled):
            return self.policy.abstain[self.task.name].instead
        if self.suspect is not None:
            return self.policy.classes[self.suspect].suggestion
        return self.policy.suggestions[self.task.name][self.level]

    @property
    def weight(self) -> Weight:
        """Share of the money at risk that counts in the ranking."""
        if self.settled:
            return NOTHING_TO_DO if self.nothing_to_do else HAS_HAPPENED
        if self.score is None or self.abstentions:
            return self._weight_without_score
        probability = exception_probability(self.task, self.score.probabilities)
        least = self._least_weight
        if least is not None and least.share > probability:
            return least
        return Weight(probability, "probability")

    @cached_property
    def _only_informs(self) -> bool:
        """True where the evidence rests on findings alone that do not flag."""
        if self.evidence is None or self.settled or not self.evidence.codes:
            return False
        return not {one.code for one in flagging(self.findings)} & set(self.evidence.codes)

    @property
    def _called_for(self) -> Level | None:
        """Level that the facts call for; None where they leave it to the model and the rules."""
        if self.evidence is None or self._only_informs:
            return None
        return self.evidence.level

    @property
    def _leading_codes(self) -> tuple[str, ...]:
        return () if self.evidence is None or self._only_informs else self.evidence.codes

    @property
    def _level_of_score(self) -> Level:
        if self.score is None or self.abstentions:
            return Level.NONE
        probability = exception_probability(self.task, self.score.probabilities)
        return self.policy.thresholds[self.task.name].level(probability)

    @property
    def _weight_without_score(self) -> Weight:
        if self.flagged and not self.abstained:
            return self._least_weight if self.abstentions and self._least_weight else RULE_FOUND
        return NO_ADVICE if self.abstained else NOTHING_FOUND

    @property
    def _least_weight(self) -> Weight | None:
        """Weight that the level of the evidence stands for."""
        level, thresholds = self._called_for, self.policy.thresholds[self.task.name]
        if level is Level.ACT:
            return Weight(thresholds.act, f"{thresholds.act:g} as the facts call for action")
        if level is Level.WATCH:
            return Weight(thresholds.watch, f"{thresholds.watch:g} as the facts call for a look")
        return None

    def _is_supported(self, suspect: ExceptionClass) -> bool:
        """Return true if a rule found the class, or it is as likely as what is worth a look."""
        if any(finding.code == suspect for finding in flagging(self.findings)):
            return True
        probabilities = {} if self.score is None else self.score.probabilities
        watch = self.policy.thresholds[self.task.name].watch
        return probabilities.get(suspect, 0.0) >= watch


def exception_probability(task: Task, probabilities: Mapping[str, float]) -> float:
    """Return the probability that anything goes wrong.

    That of the event of a binary task, else of any class but the first (CLEAN).
    """
    if task.binary:
        return probabilities[task.classes[1]]
    return 1.0 - probabilities.get(task.classes[0], 0.0)


def _first_class(codes: Sequence[str]) -> ExceptionClass | None:
    known = set(ExceptionClass)
    return next((ExceptionClass(code) for code in codes if code in known), None)
