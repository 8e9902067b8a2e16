"""A process that appends to a record: `python -m tests.support.appending_process URL NAME TIMES`.

Says `ready`, waits for a line, and appends from four threads. Prints what it was told was written.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

from serving.audit.log.store import AuditStore
from tests.support.minimal_draft import minimal_draft


def main(url: str, name: str, times: str) -> None:
    store = AuditStore.open(url)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    drafts = [
        [
            minimal_draft(f"{name}-{i}-{j}", recorded_at=f"2026-{i % 12 + 1:02}-01T00:00:00Z")
            for j in (0, 1)
        ]
        for i in range(int(times))
    ]
    with ThreadPoolExecutor(4) as pool:
        for entries in pool.map(store.append, drafts):
            for entry in entries:
                sys.stdout.write(f"{entry.sequence} {entry.id}\n")
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
