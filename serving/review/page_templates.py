"""Jinja environment of the HTML pages: autoescaped, undefined variables are errors."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from serving.policy.finding import format_amount
from serving.recommendation.wording import delay_phrase, percent
from serving.review.case_facts import format_moment

TEMPLATE_FOLDER = Path(__file__).with_name("templates")


@cache
def template_environment() -> Environment:
    """The templates; a value that is not there is an error, never an empty space."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATE_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "share": percent,
        "amount": format_amount,
        "moment": format_moment,
        "days": delay_phrase,
    }
    return made
