"""Entries removed, put in, moved and doubled, their hashes left alone."""

from __future__ import annotations

from serving.audit.verify.verdict import Fault
from tests.tampering.attack import attack
from tests.tampering.scene import COLUMNS, Expected, Scene

BOTH = ("entries", "payloads")
FAR = 10**6


def move(scene: Scene, sequence: float, to: float) -> None:
    """Give an entry, and what it holds, another number."""
    for table in BOTH:
        scene.run(f"UPDATE {table} SET sequence = ? WHERE sequence = ?", to, sequence)


def shift(scene: Scene, first: int, step: int) -> None:
    """Give every entry from one on another number, in two steps so that none meets another."""
    for table in BOTH:
        scene.run(f"UPDATE {table} SET sequence = sequence + ? WHERE sequence >= ?", FAR, first)
        change = f"UPDATE {table} SET sequence = sequence - ? + ? WHERE sequence >= ?"
        scene.run(change, FAR, step, FAR)


def remove(scene: Scene, first: int, last: int) -> None:
    """Delete entries and what they hold."""
    for table in BOTH:
        scene.run(f"DELETE FROM {table} WHERE sequence BETWEEN ? AND ?", first, last)


def copy(scene: Scene, sequence: int, to: float, name: str, *, held: bool = True) -> None:
    """Put in an entry like another one, under another number and id. held: with its payload."""
    columns = ", ".join(f'"{c}"' for c in COLUMNS if c not in {"sequence", "id"})
    into = f"INSERT INTO entries (sequence, id, {columns}) SELECT ?, ?, {columns} FROM entries"
    scene.run(f"{into} WHERE sequence = ?", to, name, sequence)
    if held:
        into = "INSERT INTO payloads (sequence, month, salt, body) SELECT ?, month, salt, body"
        scene.run(f"{into} FROM payloads WHERE sequence = ?", to, sequence)


@attack
def deleted_middle(scene: Scene) -> Expected:
    """Entries gone, and a gap left; checkpoints and erasures too."""
    first = scene.pick(scene.size - 1)
    last = min(first + scene.rng.choice([0, 0, 0, 1, 5, 300]), scene.size - 1)
    remove(scene, first, last)
    return Expected.at(first, Fault.DELETED) | scene.unexplained(first, last)


@attack
def deleted_checkpoint_entry(scene: Scene) -> Expected:
    """The entry that tells of a checkpoint gone."""
    at = scene.rng.choice(scene.of_kind("checkpoint"))
    remove(scene, at, at)
    return Expected.at(at, Fault.DELETED)


@attack
def deleted_erasure_entry(scene: Scene) -> Expected:
    """The entry that tells of an erasure gone; what it erased is then simply gone."""
    at = scene.rng.choice(scene.of_kind("erasure"))
    remove(scene, at, at)
    return Expected.at(at, Fault.DELETED) | scene.unexplained(at, at)


@attack
def deleted_entry_whose_payload_stays(scene: Scene) -> Expected:
    """Only the envelope gone."""
    at = scene.pick(scene.size - 1)
    scene.run("DELETE FROM entries WHERE sequence = ?", at)
    return Expected.at(at, Fault.DELETED) | scene.unexplained(at, at)


@attack
def truncated_tail(scene: Scene) -> Expected:
    """The last entries gone."""
    first = scene.pick() if scene.rng.random() < 0.5 else scene.pick(first=scene.size - 20)
    remove(scene, first, scene.size)
    return Expected.at(first, Fault.TRUNCATED) | scene.unexplained(first, scene.size)


@attack
def swapped_entries(scene: Scene) -> Expected:
    """Two entries in each other's place, with all they hold."""
    first, other = scene.pick_two()
    if scene.rng.random() < 0.5:
        other = first + 1
    move(scene, first, FAR)
    move(scene, other, first)
    move(scene, FAR, other)
    return Expected.at(first, Fault.REORDERED)


@attack
def rotated_entries(scene: Scene) -> Expected:
    """One entry moved behind some others, which all move up."""
    first = scene.pick(scene.size - 10)
    last = first + scene.rng.randint(2, 9)
    move(scene, first, FAR)
    for sequence in range(first + 1, last + 1):
        move(scene, sequence, sequence - 1)
    move(scene, FAR, last)
    return Expected.at(first, Fault.REORDERED)


@attack
def renumbered_after_deletion(scene: Scene) -> Expected:
    """An entry gone, and all after it moved up, so that there is no gap."""
    first = scene.pick(scene.size - 1)
    remove(scene, first, first)
    shift(scene, first + 1, -1)
    return Expected.at(first, Fault.DELETED) | scene.unexplained(first, first)


@attack
def entry_behind_the_end(scene: Scene) -> Expected:
    """An entry more than the head knows of."""
    copy(scene, scene.pick(), scene.size + 1, "forged")
    return Expected.at(scene.size + 1, Fault.INSERTED)


@attack
def entry_far_behind_the_end(scene: Scene) -> Expected:
    """An entry somewhere behind the end."""
    at = scene.size + scene.rng.randint(2, 10**9)
    copy(scene, scene.pick(), at, "forged")
    return Expected.at(at, Fault.INSERTED)


@attack
def inserted_entry(scene: Scene) -> Expected:
    """An entry put in, all after it moved down."""
    at = scene.pick(first=2)
    shift(scene, at, 1)
    copy(scene, at - 1, at, "forged")
    return Expected.at(at, Fault.INSERTED)


@attack
def entry_between_numbers(scene: Scene) -> Expected:
    """An entry under a number that is none, where a reader in order would find it."""
    at = scene.pick(scene.size - 1)
    scene.unbound("entries")
    copy(scene, at, at + 0.5, "forged")
    return Expected.at(at, Fault.INSERTED) | Expected(
        frozenset({(Fault.INSERTED, None), (Fault.INSERTED, at + 1)})
    )


@attack
def entry_before_the_first(scene: Scene) -> Expected:
    """An entry ahead of all others."""
    at = scene.rng.choice([0, -1, -(10**9)])
    copy(scene, scene.pick(), at, "forged")
    return Expected(frozenset({(Fault.INSERTED, None), (Fault.INSERTED, at)}))


@attack
def entry_twice(scene: Scene) -> Expected:
    """The very same row twice, the table's keys taken away."""
    at = scene.pick()
    scene.unbound("entries")
    scene.run("INSERT INTO entries SELECT * FROM entries WHERE sequence = ?", at)
    return Expected.at(at, Fault.INSERTED)


@attack
def other_entry_under_the_same_number(scene: Scene) -> Expected:
    """A forged entry under the number of a real one, which stays."""
    at, source = scene.pick(), scene.pick()
    scene.unbound("entries")
    copy(scene, source, at, "forged", held=False)
    return Expected.at(at, Fault.INSERTED)


@attack
def number_behind_the_end(scene: Scene) -> Expected:
    """An entry renumbered to behind the end."""
    at = scene.pick(scene.size - 1)
    move(scene, at, scene.size + scene.rng.randint(1, 1000))
    return Expected.at(at, Fault.DELETED, Fault.EDITED)


@attack
def number_that_is_none(scene: Scene) -> Expected:
    """An entry under a text, nothing, or a fraction instead of its number."""
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
