"""`triage audit check`: a proof file, checked without a record, a lake or a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data.progress import console

KEY = "verifier key that you trust, or a file that holds one; may be given again"


def check(
    file: Annotated[Path, typer.Argument(help="as `triage audit prove` wrote it")],
    key: Annotated[list[str] | None, typer.Option(help=KEY)] = None,
) -> None:
    """Say whether a proof file holds. Needs nothing but the file and the log's key.

    Exit code: 0 it holds under the key given, 1 it does not, 2 it could not be read,
    3 it is well formed, and no key was given to compare.
    """
    from serving.audit.verify.checking import check as checked
    from serving.audit.verify.proof_file import MOST_BYTES
    from serving.audit.verify.trusted import keys_given

    keys = keys_given(key or [])
    with file.open("rb") as opened:
        found = checked(opened.read(MOST_BYTES + 1), keys)
    for sentence in found.sentences:
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(found.outcome)
