"""Processes that write to one record at once make one sequence and one tree."""

import itertools
import subprocess
import sys

import pytest
import sqlalchemy as sa

from serving.audit.log.store import AuditStore
from serving.audit.log.tables import NODES
from serving.audit.transparency.merkle import Frontier, root_of

pytestmark = pytest.mark.slow(3)

TIMES = 60


def test_processes_that_append_at_once_make_one_sequence_and_one_tree(audit_url, root):
    """They open the record at once too: one of them makes the tables, and the partitions."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.appending_process", audit_url, name, str(TIMES)],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two", "three")
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    acknowledged = [line.split() for p in processes for line in p.communicate()[0].splitlines()]
    assert [process.returncode for process in processes] == [0, 0, 0]

    store = AuditStore.open(audit_url)
    entries, head = store.all(), store.head()
    with store.reading() as connection:
        nodes = connection.execute(sa.select(NODES)).all()
    store.close()
    assert [entry.sequence for entry in entries] == list(range(1, 3 * TIMES * 2 + 1))
    assert {(entry.sequence, entry.id) for entry in entries} == {
        (int(n), i) for n, i in acknowledged
    }
    assert all(entry.hash == entry.envelope.leaf() for entry in entries)
    assert all(a.hash == b.previous for a, b in itertools.pairwise(entries))
    assert head.hash == entries[-1].hash
    leaves = [bytes.fromhex(entry.hash) for entry in entries]
    assert head.frontier == Frontier().with_leaves(leaves)[0]
    assert [(n.level, n.index, n.hash) for n in nodes] == [(8, 0, root_of(leaves[:256]).hex())]
    assert all(entry.body for entry in entries)
