"""Templates of the reviewer's pages: escaped always, complete in themselves."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from serving.desk.facts import moment
from serving.policy.finding import amount
from serving.wording import days, share

TEMPLATES = Path(__file__).with_name("templates")


@cache
def environment() -> Environment:
    """The templates; a value that is not there is an error, never an empty space."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"share": share, "amount": amount, "moment": moment, "days": days}
    return made
