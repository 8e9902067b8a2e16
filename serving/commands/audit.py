"""`triage audit`: the record, for whoever has to answer for it."""

from __future__ import annotations

import typer

from serving.commands.audit_check import check
from serving.commands.audit_checkpoint import checkpoint
from serving.commands.audit_export import export
from serving.commands.audit_key import key
from serving.commands.audit_prove import prove
from serving.commands.audit_replay import replay
from serving.commands.audit_verify import verify

audit = typer.Typer(no_args_is_help=True, help="Verify, prove, replay, export and erase.")
COMMANDS = (verify, checkpoint, key, prove, check, replay, export)
for command in COMMANDS:
    audit.command()(command)
