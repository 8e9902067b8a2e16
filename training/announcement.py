"""What the command line says of a change of champion."""

from __future__ import annotations

from training.approval import IN_DEMO, Approval
from training.pointer import Champion


def promoted(new: Champion, approval: Approval) -> str:
    """A promotion: who approved what, how, and what it takes the place of."""
    before = f"before it: version {new.previous[0].version}" if new.previous else "the first"
    lines = [
        f"{new.task}: version {new.version} is champion ({new.digest[:12]}; {before})",
        _who("approved", approval),
    ]
    if approval.override:
        lines.append("  by override; the record says so")
    return _said(lines, approval)


def rolled_back(back: Champion, left: Champion, approval: Approval) -> str:
    """A rollback: what serves again, instead of what, and who wanted it."""
    lines = [
        f"{back.task}: back from version {left.version} to {back.version} ({back.digest[:12]})",
        _who("decided", approval),
    ]
    return _said(lines, approval)


def _who(what: str, approval: Approval) -> str:
    who = approval.approver
    why = f": {approval.reason}" if approval.reason else ""
    return f"  {what} by {who.name} ({who.role}; proved by {who.proved_by}){why}"


def _said(lines: list[str], approval: Approval) -> str:
    taken = "  a running service takes it within seconds, once it has tried it"
    return "\n".join([*lines, taken, *([f"  {IN_DEMO}"] if approval.demo else [])])
