"""`triage policy`: check, explain, propose and approve a policy."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.command_line import console, show_progress
from data.lake import Lake

if TYPE_CHECKING:
    from serving.audit.log.store import AuditStore
    from serving.policy.explanation import StatedValue
    from serving.policy.policy import Policy
    from serving.replay.what_if.report import WhatIfReport

policy = typer.Typer(no_args_is_help=True, help="The policy: check, explain, propose, approve it.")

TAKEN_SOON = "approved, and taken by a running service within seconds"
NOT_APPLIED = "not applied by a service yet"
NOBODY = "approved by nobody on record"
WHAT_IF_SEED = 0

PolicyFile = Annotated[Path, typer.Argument(help="a policy file (TOML)")]
By = Annotated[str, typer.Option(help="who does it; recorded as a pseudonym")]
Role = Annotated[str, typer.Option(help="in which role")]


@policy.callback()
def group() -> None:
    """The policy: check, explain, propose, approve it."""


@policy.command()
def check(file: PolicyFile) -> None:
    """Check a policy file as a whole, and say its digest and how it differs from the one in force.

    Exit code 2 names what is wrong, what was found and what may stand there.
    """
    from serving.audit.factory import open_audit
    from serving.policy.explanation import changed_values
    from serving.tasks.policy_file import load_policy

    proposed = load_policy(file)
    with closing(open_audit(Lake.from_environment())) as record:
        in_force = _in_force(record)
    _say(f"{file} is well: version {proposed.version}, digest {proposed.digest}")
    for one in changed_values(in_force.plain(), proposed.plain()):
        _say(f"  {one.path}: {_shown(one.before)} -> {_shown(one.after)}")


@policy.command()
def explain(
    path: Annotated[str, typer.Argument(help="section and value: tolerances.price_above_share")],
    site: Annotated[str | None, typer.Option(help="of a case")] = None,
    region: Annotated[
        str | None, typer.Option(help="of a case; that of the site where the policy lists it")
    ] = None,
    category: Annotated[str | None, typer.Option(help="of the item")] = None,
    supplier: Annotated[str | None, typer.Option(help="of a case")] = None,
    file: Annotated[
        Path | None, typer.Option("--policy", help="a policy file; the policy in force by default")
    ] = None,
) -> None:
    """Say which value holds, which level gives it, what it overrides, since when and by whom."""
    from serving.audit.factory import open_audit
    from serving.policy.explanation import explain_value
    from serving.policy.levels import CaseIds
    from serving.tasks.policy_file import load_policy

    with closing(open_audit(Lake.from_environment())) as record:
        explained = load_policy(file) if file else _in_force(record)
        ids = CaseIds(region, site, category, supplier)
        *overridden, holds = explain_value(explained, path, ids)
        _say(f"{path} = {_shown(holds.value)}")
        _say(f"  stated by: {holds.where}, {_since(record, explained, path, holds)}")
        for one in reversed(overridden):
            since = _since(record, explained, path, one)
            _say(f"  overrides: {one.where} {_shown(one.value)}, {since}")
        _say(f"  policy: version {explained.version}, digest {explained.digest}")


@policy.command()
def propose(
    file: PolicyFile,
    by: By,
    reason: Annotated[str, typer.Option(help="why; kept for good: no names")],
    role: Role = "not stated",
    sample: Annotated[
        int, typer.Option(min=0, help="recorded answers that are tried with it; 0 tries none")
    ] = 500,
) -> None:
    """Propose a policy: try it on recorded answers first, and record it with what would change."""
    from serving.audit.factory import open_audit
    from serving.audit.pseudonym import open_pseudonyms
    from serving.pipeline.policy_approval import propose_policy
    from serving.tasks.policy_file import load_policy

    proposed, lake = load_policy(file), Lake.from_environment()
    with closing(open_audit(lake)) as record:
        in_force = _in_force(record)
        tried = _try(lake, record, in_force, proposed, sample)
        figures = None if tried is None else json.loads(json.dumps(tried.as_json()))
        said = {"role": role, "reason": reason, "what_if": figures}
        entry = propose_policy(
            record, open_pseudonyms(lake), proposed, in_force, said, by, datetime.now(UTC)
        )
    for one in entry.payload["changes"]:
        _say(f"{one['path']}: {_shown(one['before'])} -> {_shown(one['after'])}")
    _say_tried(tried)
    _say(f"Proposed as entry {entry.sequence}. Somebody else approves it:")
    _say(f"  triage policy approve {proposed.digest[:12]} --by NAME")


@policy.command()
def approve(
    digest: Annotated[str, typer.Argument(help="of the proposed policy, or the start of it")],
    by: By,
    role: Role = "not stated",
) -> None:
    """Approve a proposal of somebody else; a running service applies it within seconds."""
    from serving.audit.factory import open_audit
    from serving.audit.pseudonym import open_pseudonyms
    from serving.pipeline.policy_approval import approve_policy
    from serving.runtime.settings import ServiceSettings
    from serving.tasks.policy_file import load_policy

    lake = Lake.from_environment()
    with closing(open_audit(lake)) as record:
        entry = approve_policy(
            record, open_pseudonyms(lake), digest, _in_force(record), by, role, datetime.now(UTC)
        )
    _say(f"Approved as entry {entry.sequence}: policy {entry.payload['digest']}")
    if (file := ServiceSettings().policy) and load_policy(file).digest != entry.payload["digest"]:
        _say(f"TRIAGE_POLICY names {file}, another policy, which is no longer applied: unset it.")
    _say("A running service applies it within seconds, and records that it does.")


def _in_force(record: AuditStore) -> Policy:
    from serving.pipeline.policy_in_force import policy_in_force
    from serving.runtime.settings import ServiceSettings

    return policy_in_force(record, ServiceSettings().policy)


def _try(
    lake: Lake, record: AuditStore, in_force: Policy, proposed: Policy, sample: int
) -> WhatIfReport | None:
    """Run a what-if on recorded answers; None where none is wanted, or there is no answer."""
    from serving.replay.selection import AnswerSelection
    from serving.replay.sources import open_replay_sources
    from serving.replay.what_if.comparison import Alternative
    from serving.replay.what_if.report import run_what_if

    selection = AnswerSelection(sample=sample, seed=WHAT_IF_SEED)
    places = selection.sequences(record) if sample else []
    if not places:
        return None
    sources = open_replay_sources(lake, record, in_force)
    with show_progress(f"Trying {len(places):,} answers") as progress:
        return run_what_if(
            places, sources, Alternative(proposed), lambda share: progress("done", share)
        )


def _say_tried(tried: WhatIfReport | None) -> None:
    from serving.review.what_if_view import what_if_lines, what_if_tables

    if tried is None:
        _say("No what-if was run: there are no recorded answers, or none were asked for.")
        return
    for table in what_if_tables(tried) if tried.figures else ():
        console.print(table)
    for line in what_if_lines(tried):
        _say(line)


def _since(record: AuditStore, explained: Policy, path: str, stated: StatedValue) -> str:
    """Say since when a value holds where it is stated, and which role approved it."""
    from serving.pipeline.policy_approval import find_change
    from serving.pipeline.policy_in_force import find_approval

    change = find_change(record, path, stated)
    if change is None:
        approval = find_approval(record, explained.digest)
        when = TAKEN_SOON if approval else NOT_APPLIED
    else:
        when = f"since {change.recorded_at[:10]}"
        approval = find_approval(record, change.payload["digest"], change.sequence)
    return f"{when}, {_approver(approval.payload) if approval else NOBODY}"


def _approver(approval: dict[str, Any]) -> str:
    return (
        f"approved by {approval['approved_by']} ({approval['role']}), proposed by "
        f"{approval['proposed_by']}: {approval['reason']}"
    )


def _shown(value: Any) -> str:
    return "not stated" if value is None else json.dumps(value, ensure_ascii=False)


def _say(sentence: str) -> None:
    console.print(sentence, highlight=False, markup=False, soft_wrap=True)
