"""`triage promote`, `rollback`, `challenge` and `follow`: which version the service loads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from data.command_line import console
from data.lake import Lake
from training.commands.arguments import task_named
from training.commands.serving_access import serving_access

if TYPE_CHECKING:
    from training.approval.approval import Approval


ReasonOption = Annotated[str, typer.Option(help="why, for the record")]


def promote(
    context: typer.Context,
    task: str,
    version: Annotated[str, typer.Option(help="a version's number, or an alias")] = "challenger",
    reason: ReasonOption = "",
    *,
    override: Annotated[
        bool, typer.Option("--override", help="although gates refuse it; needs --reason")
    ] = False,
) -> None:
    """Make a registered version the champion that the service loads."""
    from training.promotion.promote import promote, promotion_message

    lake, wanted = Lake.from_environment(), int(version) if version.isdigit() else version
    approval = approval_by_current_user(reason, override=override)
    now, name = datetime.now(UTC), task_named(task)
    champion = promote(
        name,
        lake,
        now,
        wanted,
        approval=approval,
        record=serving_access(context).model_change_recorder(lake),
    )
    console.print(
        promotion_message(champion, approval), highlight=False, markup=False, soft_wrap=True
    )


def rollback(context: typer.Context, task: str, reason: ReasonOption) -> None:
    """Make the champion before this one champion again."""
    from training.promotion.promote import rollback, rollback_message

    lake, name = Lake.from_environment(), task_named(task)
    approval = approval_by_current_user(reason)
    back, left = rollback(
        name,
        lake,
        datetime.now(UTC),
        approval=approval,
        record=serving_access(context).model_change_recorder(lake),
    )
    console.print(
        rollback_message(back, left, approval), highlight=False, markup=False, soft_wrap=True
    )


def challenge(
    context: typer.Context,
    task: str,
    version: Annotated[str, typer.Option(help="a version's number, or an alias")] = "challenger",
    canary: Annotated[float, typer.Option(help="share of the cases that it answers, 0 to 1")] = 0.0,
    reason: ReasonOption = "",
    *,
    override: Annotated[
        bool, typer.Option("--override", help="although gates refuse it; needs --reason")
    ] = False,
    off: Annotated[bool, typer.Option("--off", help="let it score no more")] = False,
) -> None:
    """Let a version score beside the champion, in shadow or for a share of the cases."""
    from training.promotion.challenger import remove_challenger, set_challenger

    lake, name, now = Lake.from_environment(), task_named(task), datetime.now(UTC)
    approval, record = (
        approval_by_current_user(reason, override=override),
        serving_access(context).model_change_recorder(lake),
    )
    if off:
        left = remove_challenger(name, lake, now, approval=approval, record=record)
        message = f"{name}: version {left} challenges no more"
    else:
        wanted = int(version) if version.isdigit() else version
        new = set_challenger(name, lake, now, wanted, canary, approval=approval, record=record)
        how = f"answers {canary:.1%} of the cases" if canary else "scores in shadow"
        message = f"{name}: version {new.version} ({new.digest[:12]}) {how}; see /desk/challenger"
    console.print(message, highlight=False, markup=False, soft_wrap=True)


def follow(
    context: typer.Context,
    task: Annotated[str, typer.Argument(help="one task; all of them by default")] = "",
    every: Annotated[float, typer.Option(help="seconds between looks; once by default")] = 0.0,
    reason: ReasonOption = "the registry's alias was moved",
) -> None:
    """Promote what the registry's champion alias was moved to, if gates and approval allow it."""
    import time

    from models.catalogue import TASKS
    from training.promotion.promote import promote_by_alias, promotion_message
    from training.registry.champion_pointer import Champion

    lake, names = Lake.from_environment(), [task_named(task)] if task else list(TASKS)
    approval, printed = approval_by_current_user(reason), set[str]()
    while True:
        now, record = datetime.now(UTC), serving_access(context).model_change_recorder(lake)
        for one in promote_by_alias(names, lake, now, approval=approval, record=record):
            message = promotion_message(one, approval) if isinstance(one, Champion) else str(one)
            if message not in printed:
                console.print(message, highlight=False, markup=False, soft_wrap=True)
                printed.add(message)
        if not every:
            return
        time.sleep(every)


def approval_by_current_user(reason: str, *, override: bool = False) -> Approval:
    """The approval of whoever is acting."""
    from training.approval.approval import Approval
    from training.approval.people import whoami
    from training.settings import ApprovalMode, ApprovalSettings

    settings = ApprovalSettings.from_environment()
    demo = settings.approval is ApprovalMode.DEMO
    return Approval(whoami(settings), reason, override, demo)
