"""Attacks on the stored tree: its nodes and the head."""

from __future__ import annotations

from serving.audit.transparency.merkle import Frontier
from serving.audit.verify.verdict import Fault
from tests.tampering.attack import Attack, attack
from tests.tampering.scene import Expected, Scene
from tests.tampering.text import flipped_hex, retold

CHANGED = (Fault.EDITED, Fault.DELETED, Fault.INSERTED)


def pick_node(scene: Scene) -> tuple[int, int, int]:
    """Pick a node; return its level, index and first entry."""
    row = scene.rng.choice(scene.log.tables["nodes"])
    level, index = int(str(row["level"])), int(str(row["index"]))
    return level, index, (index << level) + 1


@attack
def node_hash(scene: Scene) -> Expected:
    """Change the hash of a node."""
    level, index, first = pick_node(scene)
    where = 'level = ? AND "index" = ?'
    query = f"SELECT hash FROM nodes WHERE {where}"
    (was,) = scene.db.execute(query, (level, index)).fetchone()
    other = scene.rng.choice([flipped_hex(scene.rng, was), was.upper(), was[:-2], "", "0" * 64])
    scene.run(f"UPDATE nodes SET hash = ? WHERE {where}", other, level, index)
    return Expected.at(first, Fault.EDITED)


@attack
def node_place(scene: Scene) -> Expected:
    """Move a node to another level or index."""
    level, index, first = pick_node(scene)
    column = scene.rng.choice(["level", "index"])
    change = f'UPDATE nodes SET "{column}" = ? WHERE level = ? AND "index" = ?'
    scene.run(change, scene.rng.choice([16, 24, 999]), level, index)
    return Expected.at(first, *CHANGED)


@attack
def node_deleted(scene: Scene) -> Expected:
    """Delete a node."""
    level, index, first = pick_node(scene)
    scene.run('DELETE FROM nodes WHERE level = ? AND "index" = ?', level, index)
    return Expected.at(first, *CHANGED)


@attack
def node_added(scene: Scene) -> Expected:
    """Insert a node of an incomplete subtree; the finding may name its first entry or no entry."""
    level, index = scene.rng.choice([(8, 2), (16, 0)])
    scene.run("INSERT INTO nodes VALUES (?, ?, ?)", level, index, "ab" * 32)
    first = (index << level) + 1
    return Expected.at(first, Fault.INSERTED) | Expected.at(None, Fault.INSERTED)


@attack
def nodes_swapped(scene: Scene) -> Expected:
    """Swap two nodes."""
    scene.run('UPDATE nodes SET "index" = 1 - "index" + 100')
    scene.run('UPDATE nodes SET "index" = "index" - 100')
    return Expected.at(1, Fault.EDITED, Fault.REORDERED)


def head_texts(column: str) -> Attack:
    """Return the attack that changes the text in a column of the head."""

    def tamper(scene: Scene) -> Expected:
        (was,) = scene.db.execute(f"SELECT {column} FROM head").fetchone()
        other = flipped_hex if column in {"hash", "frontier"} else retold
        ways = [other(scene.rng, was), retold(scene.rng, was)]
        scene.run(f"UPDATE head SET {column} = ?", scene.rng.choice(ways))
        return Expected.at(None, Fault.EDITED)

    return Attack(f"head-{column}", tamper)


@attack
def head_size_larger(scene: Scene) -> Expected:
    """Increase the size in the head."""
    scene.run("UPDATE head SET size = size + ?", scene.rng.choice([1, 2, 60, 10**6]))
    return Expected.at(scene.size + 1, Fault.TRUNCATED) | Expected.at(None, Fault.EDITED)


@attack
def head_size_smaller(scene: Scene) -> Expected:
    """Decrease the size in the head."""
    size = scene.rng.randint(0, scene.size - 1)
    scene.run("UPDATE head SET size = ?", size)
    return Expected.at(size + 1, Fault.INSERTED) | Expected.at(None, Fault.EDITED)


@attack
def head_of_an_earlier_log(scene: Scene) -> Expected:
    """Restore the head of an earlier, shorter log."""
    size = scene.pick(scene.size - 1, first=1)
    rows = scene.entries()[:size]
    frontier, _ = Frontier().with_leaves(bytes.fromhex(str(row["hash"])) for row in rows)
    end = (frontier.size, rows[-1]["hash"], frontier.text())
    scene.run("UPDATE head SET size = ?, hash = ?, frontier = ?", *end)
    return Expected.at(size + 1, Fault.INSERTED) | Expected.at(None, Fault.EDITED)


@attack
def head_checkpoint_size(scene: Scene) -> Expected:
    """Change the last checkpoint's size, so that the next one would come late or never."""
    others = [0, scene.log.covered - 1, scene.log.covered + 1, 10**9]
    scene.run("UPDATE head SET checkpoint_size = ?", scene.rng.choice(others))
    return Expected.at(None, Fault.EDITED)


@attack
def head_deleted(scene: Scene) -> Expected:
    """Delete the head."""
    scene.run("DELETE FROM head")
    return Expected.at(None, Fault.EDITED, Fault.DELETED)


@attack
def head_twice(scene: Scene) -> Expected:
    """Insert a second head."""
    copied = "origin, size - 1, hash, frontier, checkpoint_size, checkpoint_at FROM head"
    scene.unbound("head")
    scene.run(f"INSERT INTO head SELECT 2, {copied}")
    return Expected.at(None, Fault.EDITED, Fault.INSERTED)


ATTACKS = (
    node_hash,
    node_place,
    node_deleted,
    node_added,
    nodes_swapped,
    *map(head_texts, ("origin", "hash", "frontier", "checkpoint_at")),
    head_size_larger,
    head_size_smaller,
    head_of_an_earlier_log,
    head_checkpoint_size,
    head_deleted,
    head_twice,
)
