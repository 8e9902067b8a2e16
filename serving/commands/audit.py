"""`triage audit`: the record, for whoever has to answer for it."""

from __future__ import annotations

import typer

from serving.commands.audit_check import check
from serving.commands.audit_prove import prove
from serving.commands.audit_replay import replay

audit = typer.Typer(no_args_is_help=True, help="Verify, prove, replay, export and erase.")
COMMANDS = (prove, check, replay)
for command in COMMANDS:
    audit.command()(command)
