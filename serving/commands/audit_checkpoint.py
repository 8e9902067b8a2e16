"""`triage audit checkpoint`: a signed checkpoint in the second place, now."""

from __future__ import annotations

from data.lake import Lake
from data.progress import console


def checkpoint() -> None:
    """Write a signed checkpoint to the second place now, and print it.

    The service writes them while it runs; this is for before and after what is not the service.
    """
    from contextlib import closing
    from datetime import UTC, datetime

    from serving.audit.checkpoint_writer import CheckpointWriter
    from serving.audit.opened import open_audit, second_place

    lake = Lake.from_environment().make()
    place = second_place(lake)
    with closing(open_audit(lake)) as store:
        note = CheckpointWriter(store, place, lambda: datetime.now(UTC)).write(wait=True)
    if note is None:
        note = place.latest() or ""
        console.print(f"nothing new; the last one in {place.told} is", highlight=False)
    else:
        console.print(f"written to {place.told}:", highlight=False, soft_wrap=True)
    console.print(note.rstrip(), highlight=False, markup=False, soft_wrap=True)
