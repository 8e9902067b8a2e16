"""Attacks that delete, insert, move or duplicate entries and leave their hashes unchanged."""

from __future__ import annotations

from serving.audit.verify.verdict import Fault
from tests.tampering.attack import attack
from tests.tampering.scene import COLUMNS, Expected, Scene

BOTH = ("entries", "payloads")
FAR = 10**6


def move(scene: Scene, sequence: float, to: float) -> None:
    """Give an entry and its payload another sequence."""
    for table in BOTH:
        scene.run(f"UPDATE {table} SET sequence = ? WHERE sequence = ?", to, sequence)


def shift(scene: Scene, first: int, step: int) -> None:
    """Renumber every entry from `first` on, in two steps to avoid collisions."""
    for table in BOTH:
        scene.run(f"UPDATE {table} SET sequence = sequence + ? WHERE sequence >= ?", FAR, first)
        change = f"UPDATE {table} SET sequence = sequence - ? + ? WHERE sequence >= ?"
        scene.run(change, FAR, step, FAR)


def remove(scene: Scene, first: int, last: int) -> None:
    """Delete entries and their payloads."""
    for table in BOTH:
        scene.run(f"DELETE FROM {table} WHERE sequence BETWEEN ? AND ?", first, last)


def copy(scene: Scene, sequence: int, to: float, name: str, *, held: bool = True) -> None:
    """Insert a copy of an entry under another sequence and id; with `held`, its payload too."""
    columns = ", ".join(f'"{c}"' for c in COLUMNS if c not in {"sequence", "id"})
    into = f"INSERT INTO entries (sequence, id, {columns}) SELECT ?, ?, {columns} FROM entries"
    scene.run(f"{into} WHERE sequence = ?", to, name, sequence)
    if held:
        into = "INSERT INTO payloads (sequence, month, salt, body) SELECT ?, month, salt, body"
        scene.run(f"{into} FROM payloads WHERE sequence = ?", to, sequence)


@attack
def deleted_middle(scene: Scene) -> Expected:
    """Delete entries in the middle, of any kind, and leave a gap."""
    first = scene.pick(scene.size - 1)
    last = min(first + scene.rng.choice([0, 0, 0, 1, 5, 300]), scene.size - 1)
    remove(scene, first, last)
    return Expected.at(first, Fault.DELETED) | scene.unexplained(first, last)


@attack
def deleted_checkpoint_entry(scene: Scene) -> Expected:
    """Delete a CHECKPOINT entry."""
    at = scene.rng.choice(scene.of_kind("checkpoint"))
    remove(scene, at, at)
    return Expected.at(at, Fault.DELETED)


@attack
def deleted_erasure_entry(scene: Scene) -> Expected:
    """Delete an ERASURE entry, so that its payloads count as deleted."""
    at = scene.rng.choice(scene.of_kind("erasure"))
    remove(scene, at, at)
    return Expected.at(at, Fault.DELETED) | scene.unexplained(at, at)


@attack
def deleted_entry_whose_payload_stays(scene: Scene) -> Expected:
    """Delete an entry but not its payload."""
    at = scene.pick(scene.size - 1)
    scene.run("DELETE FROM entries WHERE sequence = ?", at)
    return Expected.at(at, Fault.DELETED) | scene.unexplained(at, at)


@attack
def truncated_tail(scene: Scene) -> Expected:
    """Delete the last entries."""
    first = scene.pick() if scene.rng.random() < 0.5 else scene.pick(first=scene.size - 20)
    remove(scene, first, scene.size)
    return Expected.at(first, Fault.TRUNCATED) | scene.unexplained(first, scene.size)


@attack
def swapped_entries(scene: Scene) -> Expected:
    """Swap two entries with their payloads."""
    first, other = scene.pick_two()
    if scene.rng.random() < 0.5:
        other = first + 1
    move(scene, first, FAR)
    move(scene, other, first)
    move(scene, FAR, other)
    return Expected.at(first, Fault.REORDERED)


@attack
def rotated_entries(scene: Scene) -> Expected:
    """Move an entry behind some others, which all move up."""
    first = scene.pick(scene.size - 10)
    last = first + scene.rng.randint(2, 9)
    move(scene, first, FAR)
    for sequence in range(first + 1, last + 1):
        move(scene, sequence, sequence - 1)
    move(scene, FAR, last)
    return Expected.at(first, Fault.REORDERED)


@attack
def renumbered_after_deletion(scene: Scene) -> Expected:
    """Delete an entry and renumber the later ones to close the gap."""
    first = scene.pick(scene.size - 1)
    remove(scene, first, first)
    shift(scene, first + 1, -1)
    return Expected.at(first, Fault.DELETED) | scene.unexplained(first, first)


@attack
def entry_behind_the_end(scene: Scene) -> Expected:
    """Insert an entry directly after the end that the head states."""
    copy(scene, scene.pick(), scene.size + 1, "forged")
    return Expected.at(scene.size + 1, Fault.INSERTED)


@attack
def entry_far_behind_the_end(scene: Scene) -> Expected:
    """Insert an entry far after the end."""
    at = scene.size + scene.rng.randint(2, 10**9)
    copy(scene, scene.pick(), at, "forged")
    return Expected.at(at, Fault.INSERTED)


@attack
def inserted_entry(scene: Scene) -> Expected:
    """Insert an entry and renumber the later ones."""
    at = scene.pick(first=2)
    shift(scene, at, 1)
    copy(scene, at - 1, at, "forged")
    return Expected.at(at, Fault.INSERTED)


@attack
def entry_between_numbers(scene: Scene) -> Expected:
    """Insert an entry under a fractional sequence, where a reader in order would find it."""
    at = scene.pick(scene.size - 1)
    scene.unbound("entries")
    copy(scene, at, at + 0.5, "forged")
    return Expected.at(at, Fault.INSERTED) | Expected(
        frozenset({(Fault.INSERTED, None), (Fault.INSERTED, at + 1)})
    )


@attack
def entry_before_the_first(scene: Scene) -> Expected:
    """Insert an entry before the first."""
    at = scene.rng.choice([0, -1, -(10**9)])
    copy(scene, scene.pick(), at, "forged")
    return Expected(frozenset({(Fault.INSERTED, None), (Fault.INSERTED, at)}))


@attack
def entry_twice(scene: Scene) -> Expected:
    """Insert a row a second time after removing the table's keys."""
    at = scene.pick()
    scene.unbound("entries")
    scene.run("INSERT INTO entries SELECT * FROM entries WHERE sequence = ?", at)
    return Expected.at(at, Fault.INSERTED)


@attack
def other_entry_under_the_same_number(scene: Scene) -> Expected:
    """Insert a forged entry under the sequence of a real one, which stays."""
    at, source = scene.pick(), scene.pick()
    scene.unbound("entries")
    copy(scene, source, at, "forged", held=False)
    return Expected.at(at, Fault.INSERTED)


@attack
def number_behind_the_end(scene: Scene) -> Expected:
    """Renumber an entry to a sequence after the end."""
    at = scene.pick(scene.size - 1)
    move(scene, at, scene.size + scene.rng.randint(1, 1000))
    return Expected.at(at, Fault.DELETED, Fault.EDITED)


@attack
def number_that_is_none(scene: Scene) -> Expected:
    """Replace a sequence by zero, a negative number, a fraction, a text or bytes."""
    at = scene.pick(scene.size - 1)
    others = (0, -at, at + 0.25, "first", b"\x01")
    scene.unbound("entries")
    scene.run("UPDATE entries SET sequence = ? WHERE sequence = ?", scene.rng.choice(others), at)
    return Expected.at(at, Fault.DELETED, Fault.EDITED)


ATTACKS = (
    deleted_middle,
    deleted_checkpoint_entry,
    deleted_erasure_entry,
    deleted_entry_whose_payload_stays,
    truncated_tail,
    swapped_entries,
    rotated_entries,
    renumbered_after_deletion,
    entry_behind_the_end,
    entry_far_behind_the_end,
    inserted_entry,
    entry_between_numbers,
    entry_before_the_first,
    entry_twice,
    other_entry_under_the_same_number,
    number_behind_the_end,
    number_that_is_none,
)
