"""Status of a version on its card: approval, gates and summary."""

from __future__ import annotations

from training.card.document import ALL, NO_VALUE, Cell, Section, Table, Tone, figure_cell
from training.card.facts import CardFacts
from training.card.fairness import site_outliers
from training.evaluation.gate_findings import Verdict
from training.registry.mlflow_registry import CHAMPION
from training.registry.version_evidence import PASSED
from training.settings import DEMO_NOTICE

TONES = {Verdict.PASS: Tone.GOOD, Verdict.FAIL: Tone.BAD, Verdict.NOT_APPLICABLE: Tone.OPEN}
NOT_APPROVED = "Not approved"
MODEL = "model"


def approval_status(facts: CardFacts) -> tuple[str, Tone, str]:
    """Return the approval status in a few words, its tone, and the sentence behind it."""
    tags = facts.tags
    if "approved_at" not in tags:
        return NOT_APPROVED, Tone.OPEN, "A challenger. Nobody has taken it into service."
    who = f"{tags['approved_by']} ({tags['approver_role']}) on {tags['approved_at'][:10]}"
    why = f", because: {tags['approval_reason']}" if tags.get("approval_reason") else ""
    if tags.get("rolled_back_at"):
        by = f"by {tags['rolled_back_by']} on {tags['rolled_back_at'][:10]}"
        return "Rolled back", Tone.BAD, f"Taken out of service {by}: {tags['rolled_back_reason']}"
    if tags["approval"] == "demo":
        return (
            "Demo: not approved by anyone else",
            Tone.BAD,
            f"{DEMO_NOTICE[0].upper()}{DEMO_NOTICE[1:]}.",
        )
    if tags["approval_override"] == "true":
        return "Approved although gates refused it", Tone.BAD, f"By {who}{why}"
    return "Approved", Tone.GOOD, f"By {who}{why}"


def approval(facts: CardFacts) -> Section:
    """Section: who approved the version, when and why."""
    tags = facts.tags
    names = {
        "approved_by": "Approved by",
        "approver_role": "Role",
        "approver_proved_by": "Identity proved by",
        "approved_at": "When (UTC)",
        "approval_reason": "Reason",
        "approval": "Kind of approval",
        "approval_override": "Gates overridden",
        "rolled_back_by": "Rolled back by",
        "rolled_back_at": "Rolled back (UTC)",
        "rolled_back_reason": "Why it was rolled back",
        "restored_by": "Restored by",
        "restored_at": "Restored (UTC)",
        "restored_reason": "Why it was restored",
    }
    trained = [Cell("Trained by"), Cell(facts.found.trained_by or "not recorded")]
    rows = [[Cell(text), Cell(tags[name])] for name, text in names.items() if tags.get(name)]
    sentences = [] if "approved_at" in tags else [f"{NOT_APPROVED}. Who trained may not approve."]
    return Section("approval", "Approval", sentences, tables=[Table(["", ""], [trained, *rows])])


def gates(facts: CardFacts) -> Section:
    """Section: findings of the gates."""
    findings = facts.found.findings
    if findings is None:
        sentence = (
            "No gates are recorded for this version, so it cannot be promoted without override."
        )
        return Section("gates", "Gates", [sentence])
    rows = [
        [
            Cell(finding.code),
            Cell(str(finding.verdict), tone=TONES[finding.verdict]),
            Cell(finding.title, finding.sentence),
        ]
        for finding in findings
    ]
    sentence = "Not applicable means that nothing was tried; it is never a pass."
    head = ["code", "verdict", "what was asked, and what was found"]
    return Section("gates", "Gates", tables=[Table(head, rows)], notes=[sentence])


def summary(facts: CardFacts) -> list[tuple[str, Cell]]:
    """The few things to know first."""
    overall = facts.views.get(ALL, {})
    verdict = facts.found.gates
    passed = Tone.GOOD if verdict == PASSED else Tone.BAD
    shown = {"Log-loss": "log_loss", "PR-AUC": "pr_auc", "Calibration error": "ece"}
    shown |= {"Set holds truth": "coverage", "Interval holds truth": "interval_coverage"}
    figures = [(text, figure_cell(n, overall[n])) for text, n in shown.items() if n in overall]
    rival = [("Best simpler way", Cell(best))] if (best := _best(facts)) else []
    worse = sorted({one.site for one in site_outliers(facts.views) if one.worse})
    sites = (
        Cell(", ".join(worse), tone=Tone.BAD) if worse else Cell("none" if overall else NO_VALUE)
    )
    return [
        ("Gates", Cell(verdict, tone=passed)),
        *figures,
        *rival,
        ("Sites worse than the whole", sites),
    ]


def _best(facts: CardFacts) -> str:
    """The best by log-loss of what is simpler than a trained model."""
    compared = [
        (float(one["log_loss"]), str(one["name"]))
        for one in facts.comparison
        if one.get("log_loss") is not None and not str(one["name"]).startswith((MODEL, CHAMPION))
    ]
    loss, name = min(compared, default=(0.0, ""))
    return f"{name}: log-loss {loss:.3f}" if name else ""
