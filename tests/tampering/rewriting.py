"""Attacks that recompute hashes after a change, with and without the signing key."""

from __future__ import annotations

from serving.audit.log.canonical_json import canonicalize
from serving.audit.transparency.signing_key import SigningKey
from serving.audit.verify.verdict import Fault
from tests.tampering import on_order
from tests.tampering.attack import attack
from tests.tampering.log import ATTACKERS_KEY, KEY
from tests.tampering.scene import Expected, Scene
from tests.tampering.tlog_tiles import mirror_files


def change(scene: Scene, at: int) -> None:
    """Change an entry's payload, with its commitment, or one of its columns."""
    if scene.rng.random() < 0.5:
        scene.forge(at, lambda held: held.update(forged=True))
    else:
        column = scene.rng.choice(["site", "task", "reference", "about", "tenant"])
        scene.set("entries", column, at, scene.get("entries", column, at) + "x")


def rewritten(scene: Scene, first: int) -> Expected:
    """Return the expected places for a log that is consistent but differs from `first` on.

    The mirror holds the leaves up to its last checkpoint. After that only a caller's
    checkpoint exposes the change, and cannot say which entry it is.
    """
    if first <= scene.log.covered:
        return Expected.at(first, Fault.REWRITTEN)
    return Expected.at(scene.log.covered + 1, Fault.REWRITTEN, trusted=True)


def resign(scene: Scene, first: int, key: SigningKey) -> None:
    """Sign the CHECKPOINT entries' notes again over the current log, in order."""
    for at in scene.of_kind("checkpoint"):
        if at > first:
            held = scene.payload(at)
            size = int(held["note"].split("\n")[1])
            if size >= first:
                held["note"] = scene.signed(size, key)
                body = canonicalize(held)
                scene.forge(at, lambda had, held=held: had.update(held))
                assert scene.get("payloads", "body", at) == body
                scene.rehash(at)


@attack
def edited_with_its_own_hash(scene: Scene) -> Expected:
    """Change an entry and recompute its hash, but not the later ones."""
    at = scene.pick_held(plain=True)
    change(scene, at)
    scene.rehash(at, at)
    return Expected.at(at, Fault.EDITED)


@attack
def edited_and_some_rehashed(scene: Scene) -> Expected:
    """Change an entry and recompute the chain for some entries after it.

    The mirror holds no leaves after the last checkpoint. There, only the first broken link
    and the subtree roots in the head expose the change.
    """
    at = scene.pick_held(scene.size - 2, plain=True)
    last = scene.pick(scene.size - 1, first=at)
    change(scene, at)
    scene.rehash(at, last)
    if at > scene.log.covered:
        under = max(scene.peak(at), scene.log.covered + 1)
        return Expected.at(last, Fault.EDITED) | Expected.at(under, Fault.EDITED)
    return Expected.at(at, Fault.EDITED, Fault.REWRITTEN)


@attack
def edited_and_chain_rehashed(scene: Scene) -> Expected:
    """Change an entry and recompute the chain to the end, but neither tree nor head."""
    at = scene.pick_held(plain=True)
    change(scene, at)
    scene.rehash(at)
    first = min(at, scene.log.covered + 1)
    return Expected.at(at, Fault.EDITED, Fault.REWRITTEN) | Expected.at(
        first, Fault.REWRITTEN, trusted=True
    )


@attack
def edited_and_head_rehashed(scene: Scene) -> Expected:
    """Change an entry and recompute chain and head, but not the nodes."""
    at = scene.pick_held(plain=True)
    change(scene, at)
    scene.rehash(at)
    scene.regrow(nodes=False)
    return rewritten(scene, at)


@attack
def edited_and_rehashed(scene: Scene) -> Expected:
    """Change an entry and recompute everything in the database."""
    at = scene.pick_held(plain=True)
    change(scene, at)
    scene.rehash(at)
    scene.regrow()
    return rewritten(scene, at)


@attack
def deleted_and_rehashed(scene: Scene) -> Expected:
    """Delete an entry, renumber the later ones and recompute everything.

    A log shorter than a signed size may also be called truncated, after its end.
    """
    at = scene.pick(scene.log.covered - 1)
    on_order.remove(scene, at, at)
    on_order.shift(scene, at + 1, -1)
    scene.rehash(at)
    scene.regrow()
    return rewritten(scene, at) | scene.unexplained(at, at)


@attack
def inserted_and_rehashed(scene: Scene) -> Expected:
    """Insert a forged entry and recompute everything."""
    at = scene.pick(first=2)
    on_order.shift(scene, at, 1)
    on_order.copy(scene, at - 1, at, "forged")
    scene.rehash(at)
    scene.regrow()
    return rewritten(scene, at)


@attack
def swapped_and_rehashed(scene: Scene) -> Expected:
    """Swap two entries and recompute everything."""
    first, other = scene.pick_two()
    on_order.move(scene, first, on_order.FAR)
    on_order.move(scene, other, first)
    on_order.move(scene, on_order.FAR, other)
    scene.rehash(first)
    scene.regrow()
    return rewritten(scene, first)


@attack
def rewritten_whole(scene: Scene) -> Expected:
    """Replace the whole log by another, consistent one."""
    scene.run("UPDATE entries SET site = site || 'x'")
    scene.rehash(1)
    scene.regrow()
    return rewritten(scene, 1)


@attack
def truncated_with_head_rewritten(scene: Scene) -> Expected:
    """Delete the last entries and recompute head and nodes without them."""
    first = scene.pick()
    on_order.remove(scene, first, scene.size)
    scene.regrow()
    cut = Expected.at(first, Fault.TRUNCATED, trusted=first > scene.log.covered)
    return cut | scene.unexplained(first, scene.size)


@attack
def tail_replaced(scene: Scene) -> Expected:
    """Forge the last entries and recompute everything."""
    first = scene.pick()
    scene.run("UPDATE entries SET reference = reference || 'x' WHERE sequence >= ?", first)
    scene.rehash(first)
    scene.regrow()
    return rewritten(scene, first)


@attack
def rewritten_with_another_key(scene: Scene) -> Expected:
    """Recompute everything and sign the newest checkpoint with the attacker's key."""
    at = scene.pick_held(scene.log.covered, plain=True)
    change(scene, at)
    scene.rehash(at)
    scene.regrow()
    note = scene.signed(scene.size, ATTACKERS_KEY)
    (scene.place / "checkpoint").write_text(note)
    return Expected.at(at, Fault.REWRITTEN) | Expected.at(None, Fault.WRONG_KEY)


@attack
def rewritten_with_stolen_key(scene: Scene) -> Expected:
    """Recompute everything, sign with the log's own key and add tiles; older mirror files stay."""
    at = scene.pick_held(scene.log.covered, plain=True)
    change(scene, at)
    scene.rehash(at)
    resign(scene, at, KEY)
    scene.regrow()
    note = scene.signed(scene.size, KEY)
    for name, content in mirror_files(scene.entries(), note).items():
        file = scene.place / name
        if name == "checkpoint" or not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    return Expected.at(at, Fault.REWRITTEN) | Expected.at(
        max([s for s in sizes(scene) if s < at], default=0) + 1, Fault.REWRITTEN
    )


@attack
def rewritten_with_second_place_and_stolen_key(scene: Scene) -> Expected:
    """Rewrite log and mirror with the stolen key: only a caller's checkpoint exposes it.

    It proves that the log differs, but no longer where.
    """
    at = scene.pick_held(scene.log.covered, plain=True)
    change(scene, at)
    scene.rehash(at)
    resign(scene, at, KEY)
    scene.regrow()
    for size in sizes(scene):
        for name, content in mirror_files(scene.entries(), scene.signed(size, KEY)).items():
            (scene.place / name).write_bytes(content)
    return Expected.at(scene.log.covered + 1, Fault.REWRITTEN, trusted=True)


def sizes(scene: Scene) -> list[int]:
    """Return the sizes of the mirror's checkpoints before the attack."""
    return sorted(int(n.split("/")[1]) for n in scene.log.files if n.startswith("checkpoints/"))


ATTACKS = (
    edited_with_its_own_hash,
    edited_and_some_rehashed,
    edited_and_chain_rehashed,
    edited_and_head_rehashed,
    edited_and_rehashed,
    deleted_and_rehashed,
    inserted_and_rehashed,
    swapped_and_rehashed,
    rewritten_whole,
    truncated_with_head_rewritten,
    tail_replaced,
    rewritten_with_another_key,
    rewritten_with_stolen_key,
    rewritten_with_second_place_and_stolen_key,
)
