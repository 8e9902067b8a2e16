"""What a period is replayed against: another policy, another model, or both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from serving.policy.policy import Policy, load_policy

MODEL = re.compile(r"model=([1-9]\d*)")
TAKES = "--what-if takes a policy file (policy.toml) or model=VERSION (model=3)"


@dataclass(frozen=True)
class Alternative:
    """policy: in place of the one that answered. version: of a task's model, likewise."""

    policy: Policy | None = None
    version: str | None = None

    def __str__(self) -> str:
        """In words."""
        policy = self.policy and f"policy {self.policy.version} ({self.policy.digest[:12]})"
        model = self.version and f"model version {self.version}"
        return " and ".join(part for part in (policy, model) if part)


def alternative_of(wanted: Sequence[str]) -> Alternative:
    """What was asked for, each in a word of its own.

    Raises:
        ValueError: neither a policy file nor a version, or one of them twice.
    """
    versions = [match[1] for text in wanted if (match := MODEL.fullmatch(text))]
    files = [text for text in wanted if not text.startswith("model=")]
    if strange := [t for t in wanted if t.startswith("model=") and not MODEL.fullmatch(t)]:
        raise ValueError(f"{strange[0]!r} names no version; {TAKES}")
    if len(versions) > 1 or len(files) > 1 or not wanted:
        raise ValueError(f"got {', '.join(wanted) or 'nothing'}; {TAKES}, each at most once")
    policy = load_policy(Path(files[0])) if files else None
    return Alternative(policy, versions[0] if versions else None)
