"""Answers to the sample cases by the service's own functions, with scores made by hand."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from data.contracts.invoice_outcomes import ExceptionClass
from models.task import TaskName
from serving.policy.finding import NOT_COMPUTED, Finding
from serving.recommendation.fallback_ladder import Rung, StepDown, Trigger
from serving.recommendation.recommend import CaseInput
from serving.recommendation.recommendation import Advice
from serving.recommendation.rules_only import recommend_by_rules
from tests.docs.sample_cases import SampleCase
from tests.support.synthetic_recommendations import (
    ASKED_AT,
    CATALOGUE,
    POLICY,
    example_fields,
    make_score,
    recommend_example,
)

LIKELY, UNLIKELY = 0.83, 0.12
NO_MODEL = StepDown(
    rung=Rung.CHAMPION, code=Trigger.MODEL_MISSING, sentence="No model is in service."
)


def findings(task: TaskName, sample: SampleCase) -> list[Finding]:
    """Return what the rules of a task find about a sample case."""
    return CATALOGUE[task].rules(example_fields(task, **sample.changes), POLICY, ASKED_AT)


def advices(task: TaskName, sample: SampleCase) -> Iterator[tuple[str, Advice]]:
    """Yield the answers to a sample case: with a high score, a low one, and none."""
    classes = CATALOGUE[task].task.classes
    fields = example_fields(task, **sample.changes)
    shown = CATALOGUE[task].evidence(fields, findings(task, sample), ASKED_AT, POLICY)
    yield (
        f"{LIKELY:.0%} likely",
        recommend_example(task, make_score(task, LIKELY), evidence=shown, **sample.changes),
    )
    low = (
        make_score(task, UNLIKELY)
        if len(classes) == 2
        else make_score(task, 1 - UNLIKELY, classes[0])
    )
    yield f"{UNLIKELY:.0%} likely", recommend_example(task, low, evidence=shown, **sample.changes)
    case = CaseInput("rec-1", CATALOGUE[task], fields, ASKED_AT, ASKED_AT)
    yield "rules alone", recommend_by_rules(case, findings(task, sample), POLICY, [NO_MODEL])


def own_codes(module) -> set[str]:
    """Return codes of no exception class, which a module defines by their own name."""
    return {
        name
        for name, value in vars(module).items()
        if name == value and name.isupper() and "ROUND" not in name
    }


def finding_codes(task: TaskName) -> set[str]:
    """Return the codes that the rules of a task can find, read from its package."""
    package = importlib.import_module(f"serving.tasks.{task}")
    modules = [
        importlib.import_module(f"{package.__name__}.{info.name}")
        for info in pkgutil.iter_modules(package.__path__)
    ]
    enumerations = {
        value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, StrEnum) and name.endswith("Finding")
    }
    codes = {str(code) for enumeration in enumerations for code in enumeration}
    source = "".join(Path(module.__file__ or "").read_text() for module in modules)
    named = set(re.findall(r"\b(?:Ends|ExceptionClass)\.([A-Z_]+)", source))
    classes = named & {str(name) for name in ExceptionClass} - {str(ExceptionClass.CLEAN)}
    codes |= {value for module in modules for value in own_codes(module)}
    return codes | classes | ({NOT_COMPUTED} if "NOT_COMPUTED" in source else set())
