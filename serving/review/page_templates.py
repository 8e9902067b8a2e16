"""Jinja environment of the desk, the report and the problem pages, with their filters."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment

from data import templates
from serving.recommendation.wording import delay_phrase, percent
from serving.review.case_facts import format_amount, format_moment

TEMPLATE_FOLDER = Path(__file__).with_name("templates")


@cache
def template_environment() -> Environment:
    """Return the environment of this folder's templates, made once."""
    return templates.template_environment(
        TEMPLATE_FOLDER,
        {
            "share": percent,
            "amount": format_amount,
            "moment": format_moment,
            "days": delay_phrase,
        },
    )
