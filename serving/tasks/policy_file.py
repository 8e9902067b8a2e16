"""Read the policy file, with the defaults of the tasks that it leaves out."""

from __future__ import annotations

import tomllib
from pathlib import Path

from models.task import TaskName
from serving.policy import policy
from serving.policy.policy import Policy, fill_task_sections, parse_policy
from serving.policy.sections import TaskPolicy
from serving.tasks.catalogue import SERVED_TASKS

DEFAULT_POLICY_FILE = Path(policy.__file__).with_name("default.toml")


def load_policy(path: Path | None = None) -> Policy:
    """Read the policy in a TOML file, the built-in one by default.

    A task that a section of the file leaves out has the values of its folder there; a section
    that names a task states all of its values.

    Raises:
        ValueError: naming the file and each line that is missing or wrong.
    """
    source = path or DEFAULT_POLICY_FILE
    try:
        stated = tomllib.loads(source.read_text(encoding="utf-8"))
        return parse_policy(fill_task_sections(stated, _task_defaults()))
    except (OSError, ValueError) as error:
        raise ValueError(f"policy {source}: {error}") from error


def complete_policy(policy: Policy) -> Policy:
    """Add the defaults of tasks that a recorded policy does not know yet."""
    return parse_policy(fill_task_sections(policy.plain(), _task_defaults()))


def _task_defaults() -> dict[TaskName, TaskPolicy]:
    return {name: served.policy for name, served in SERVED_TASKS.items()}
