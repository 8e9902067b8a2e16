"""What is told of an answer: how each recommendation was made, and nothing of its case."""

from __future__ import annotations

from collections.abc import Iterator

from serving.observe.observer import Given
from serving.recommendation import Answer


def told_of(answer: Answer) -> Iterator[Given]:
    """One for each recommendation of an answer, in its order."""
    for one in answer.recommendations:
        yield Given(one.task, one.rung, one.explained_class or "", one.abstained)
