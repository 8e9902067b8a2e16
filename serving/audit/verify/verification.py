"""Verification of a whole record: gather, decide, tell."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from serving.audit.store import AuditStore
from serving.audit.verify.fault import Verdict

Progress = Callable[[str, float], None]


def verify(
    store: AuditStore,
    *,
    keys: Collection[Any],
    second_place: Any = None,
    trusted: str | None = None,
    since: str | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> Verdict:
    """Recompute everything and say what was found.

    keys: verifier keys that are trusted (`serving.audit.note`).
    second_place: where checkpoints were written to; None: not compared.
    trusted: a checkpoint that a caller kept, as note text; everything is read and held against it.
    since: the same, to resume from: only what came after it is read.
    progress: called with what is being done and the share that is done.
    """
    raise NotImplementedError
