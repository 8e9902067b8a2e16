"""`triage audit key`: what an auditor keeps, to check this log without asking its keepers."""

from __future__ import annotations

from data.lake import Lake
from data.progress import console


def key() -> None:
    """Print the key that verifies this log's checkpoints, and where those go.

    Keep the key where whoever keeps the log cannot change it.
    """
    from contextlib import closing

    from serving.audit.checkpoint import claimed
    from serving.audit.opened import open_audit, second_place, signing_key

    lake = Lake.from_environment().make()
    with closing(open_audit(lake)) as store:
        origin = store.head().origin
    verifier, place = signing_key(lake).verifier(origin), second_place(lake)
    lines = [verifier, f"checkpoints go to {place.told}"]
    latest = place.latest()
    if latest is None:
        lines.append("there is none yet: the service writes them while it runs")
    else:
        last = claimed(latest)
        lines.append(f"the last one is of {last.size} entries, root {last.root.hex()}")
    others = [one for one in map(str, place.keys()) if one != verifier]
    lines += [f"also trusted there: {other}" for other in others]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
