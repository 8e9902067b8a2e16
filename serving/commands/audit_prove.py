"""`triage audit prove`: a file that proves one entry to whoever has the log's key."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from data.lake import Lake
from data.progress import console


def prove(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="an entry's id, or its number")],
    out: Annotated[
        Path | None, typer.Option(help="file to write; ID.proof.json by default")
    ] = None,
    *,
    without_payload: Annotated[
        bool, typer.Option("--without-payload", help="prove the envelope, and show nothing else")
    ] = False,
) -> None:
    """Write a small file that another machine checks with `triage audit check`."""
    from serving.audit.opened import open_audit
    from serving.audit.verify.proving import proof_of

    with closing(open_audit(Lake.from_environment())) as store:
        proof = proof_of(store, identifier, with_payload=not without_payload)
    path = out or Path(f"{proof['envelope']['id']}.proof.json")
    path.write_text(json.dumps(proof, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    number, size = proof["envelope"]["sequence"], proof["size"]
    console.print(f"{path}: entry {number} in the tree of {size}", highlight=False, soft_wrap=True)
    if "key" in proof:
        told = (
            f"Whoever checks it needs the log's key, from you and not from the file: {proof['key']}"
        )
        console.print(told, highlight=False, soft_wrap=True)
