"""Announcement of a change of champion: person, way, and whether it is a demonstration."""

import pytest

from training.approval.approval import Approval
from training.approval.people import DEMO_IDENTITY, Identity
from training.commands.promotion import approval_by_current_user
from training.promotion.promote import promotion_message, rollback_message
from training.registry.champion_pointer import Champion

BO = Identity("bo", "head of purchasing", "token")
OLD = Champion("stock_risk", 1, "aa" * 32, "2026-01-01T00:00:00+00:00")
NEW = Champion("stock_risk", 2, "bb" * 32, "2026-01-02T00:00:00+00:00").after(OLD)


def test_a_promotion_names_version_approver_and_what_went_before():
    said = promotion_message(NEW, Approval(BO, "the season starts"))
    assert "stock_risk: version 2 is champion (bbbbbbbbbbbb; before it: version 1)" in said
    assert "approved by bo (head of purchasing; proved by token): the season starts" in said
    assert "demo" not in said
    assert "overridden" not in said


def test_an_override_and_a_demo_are_said():
    said = promotion_message(OLD, Approval(DEMO_IDENTITY, "first", override=True, demo=True))
    assert "by override; the record says so" in said
    assert "demo: approval is off" in said
    assert "set TRIAGE_APPROVAL=required" in said


def test_a_rollback_names_both_versions_and_says_when_it_is_a_demo():
    assert "stock_risk: back from version 2 to 1" in rollback_message(
        OLD, NEW, Approval(BO, "drift")
    )
    assert "demo: approval is off" in rollback_message(
        OLD, NEW, Approval(DEMO_IDENTITY, "drift", demo=True)
    )


@pytest.mark.parametrize(("mode", "demo"), [("required", False), ("demo", True), (None, False)])
def test_a_command_takes_the_approval_of_whoever_is_named(monkeypatch, mode, demo):
    for name in ("TOKEN", "PEOPLE", "ROLE", "APPROVAL"):
        monkeypatch.delenv(f"TRIAGE_{name}", raising=False)
    monkeypatch.setenv("TRIAGE_USER", "bo")
    if mode:
        monkeypatch.setenv("TRIAGE_APPROVAL", mode)
    found = approval_by_current_user("why", override=True)
    assert (found.approver.name, found.reason, found.override, found.demo) == (
        "bo",
        "why",
        True,
        demo,
    )
