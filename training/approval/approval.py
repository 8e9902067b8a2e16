"""Approval rules: a model goes into service when someone who did not train it approves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from training.approval.people import DEMO_IDENTITY, Duty, Identity, same_person
from training.registry.export import PromotionError
from training.registry.version_evidence import PASSED, VersionEvidence
from training.settings import ApprovalMode

OVERRIDE_HINT = 'give --override --reason "..." to take it into service all the same'


@dataclass(frozen=True)
class Approval:
    """Decision of a person to take a model into service, with the reason.

    Attributes:
        override: approved although gates refused, or no gates were recorded.
        demo: approved without asking a second person.
    """

    approver: Identity
    reason: str = ""
    override: bool = False
    demo: bool = False

    @property
    def kind(self) -> str:
        """As it is kept with the champion: "demo", "override" or "required"."""
        if self.demo:
            return str(ApprovalMode.DEMO)
        return "override" if self.override else str(ApprovalMode.REQUIRED)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the record."""
        return {
            "approval": self.kind,
            "approver": {
                "name": self.approver.name,
                "role": self.approver.role,
                "proved_by": self.approver.proved_by,
            },
            "reason": self.reason,
            "override": self.override,
        }


def check_approval(approval: Approval, evidence: VersionEvidence) -> None:
    """Check that this approval may take this version into service.

    Raises:
        IdentityError: for an approver without the right to approve.
        PromotionError: for a missing reason or second person, or gates that refuse.
    """
    approval.approver.allowed(Duty.APPROVE)
    name = f"{evidence.task} version {evidence.version}"
    if approval.override and not approval.reason.strip():
        raise PromotionError(f"{name}: an override needs a reason (--reason), for the record")
    if not approval.demo:
        _require_second_person(approval, evidence, name)
    if evidence.gates != PASSED and not approval.override:
        raise PromotionError(
            f"{name} was not promoted: {_refusal_reasons(evidence)}; {OVERRIDE_HINT}"
        )


def _require_second_person(approval: Approval, evidence: VersionEvidence, name: str) -> None:
    """Require an approver who is named and did not train. No reason overrides that."""
    if not approval.approver.named:
        raise PromotionError(f"{name} was not promoted: nobody is named as its approver")
    if same_person(approval.approver.name, evidence.trained_by):
        raise PromotionError(
            f"{name} was not promoted: {evidence.trained_by} trained it, and who trained may not "
            "approve; someone else must (TRIAGE_USER or TRIAGE_TOKEN of theirs)"
        )
    unknown = not evidence.trained_by or same_person(evidence.trained_by, DEMO_IDENTITY.name)
    if unknown and not approval.override:
        raise PromotionError(
            f"{name} was not promoted: it was trained by "
            f"{evidence.trained_by or 'nobody knows whom'}, so it cannot be told whether its "
            f"approver is someone else; train it again with TRIAGE_USER set, or {OVERRIDE_HINT}"
        )


def _refusal_reasons(evidence: VersionEvidence) -> str:
    """Return the gates' objections to the version, one sentence each."""
    if evidence.findings is None:
        return "no gates are recorded for it (`triage train` records them)"
    reasons = [f"{f.code} {f.sentence}" for f in evidence.findings if f.verdict == "fail"]
    return "; ".join(reasons) or "not one of its gates applied, so nothing was tried"
