"""Evidence: what the facts of a case say before any model is asked."""

from __future__ import annotations

from dataclasses import dataclass

from serving.policy.sections import Level


@dataclass(frozen=True)
class Evidence:
    """Statement of the facts of a case; it leads, and the model's figure stands beside it.

    sentence: leads the sentence of the recommendation.
    level: that the facts call for; the model and the rules can raise it unless the case is
        settled. None leaves it to them.
    suggestion: what a person might do; None leaves it to the policy.
    settled: whether the facts decide the case, so that nothing is left to predict: nothing is to
        be done (level `none`), or what the model predicts has happened.
    codes: of the findings that it rests on; the first of them names the role that owns the case.
        Where none of them flags, and nothing is settled, the sentence leads and nothing else.

    Raises:
        ValueError: settled facts without a level.
    """

    sentence: str
    level: Level | None = None
    suggestion: str | None = None
    settled: bool = False
    codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that facts which settle a case say how."""
        if self.settled and self.level is None:
            raise ValueError(f"settled evidence needs a level: {self.sentence!r} has none")

    @property
    def nothing_to_do(self) -> bool:
        """True where the facts say that nothing is left to do."""
        return self.settled and self.level is Level.NONE
