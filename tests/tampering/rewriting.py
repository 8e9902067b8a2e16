"""Changes after which everything in the database is worked out anew, with the key and without."""

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
    """Have an entry say something else, its commitment included."""
    if scene.rng.random() < 0.5:
        scene.forge(at, lambda held: held.update(forged=True))
    else:
        column = scene.rng.choice(["site", "task", "reference", "about", "tenant"])
        scene.set("entries", column, at, scene.get("entries", column, at) + "x")


def rewritten(scene: Scene, first: int) -> Expected:
    """What is to be found if the log is another from an entry on, and fits in itself.

    The second place has the leaves up to its last checkpoint. Behind that only a caller's
    checkpoint tells, and only that something there is another.
    """
    if first <= scene.log.covered:
        return Expected.at(first, Fault.REWRITTEN)
    return Expected.at(scene.log.covered + 1, Fault.REWRITTEN, trusted=True)


def resign(scene: Scene, first: int, key: SigningKey) -> None:
    """Have the checkpoints on record say what the log is now, in their order."""
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
    """An entry changed and its hash worked out, those behind it not."""
    at = scene.pick_held(plain=True)
    change(scene, at)
    scene.rehash(at, at)
    return Expected.at(at, Fault.EDITED)


@attack
def edited_and_some_rehashed(scene: Scene) -> Expected:
    """An entry changed, and the chain worked out for some entries behind it.

    Behind the last checkpoint nobody kept the leaves. What is left to tell is the entry whose
    hash the one after it names otherwise, and the subtree whose root the head keeps.
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
    """An entry changed and the chain worked out to the end; the tree and the head left alone."""
    at = scene.pick_held(plain=True)
    change(scene, at)
    scene.rehash(at)
    first = min(at, scene.log.covered + 1)
    return Expected.at(at, Fault.EDITED, Fault.REWRITTEN) | Expected.at(
        first, Fault.REWRITTEN, trusted=True
    )


@attack
def edited_and_head_rehashed(scene: Scene) -> Expected:
    """The same, and the head; the nodes left alone."""
    at = scene.pick_held(plain=True)
    change(scene, at)
    scene.rehash(at)
    scene.regrow(nodes=False)
    return rewritten(scene, at)


@attack
def edited_and_rehashed(scene: Scene) -> Expected:
    """An entry changed and everything in the database worked out anew."""
    at = scene.pick_held(plain=True)
    change(scene, at)
    scene.rehash(at)
    scene.regrow()
    return rewritten(scene, at)


@attack
def deleted_and_rehashed(scene: Scene) -> Expected:
    """An entry gone, those behind it renumbered, everything worked out anew.

    A log that is shorter than was signed may be called truncated as well, behind its end.
    """
    at = scene.pick(scene.log.covered - 1)
    on_order.remove(scene, at, at)
    on_order.shift(scene, at + 1, -1)
    scene.rehash(at)
    scene.regrow()
    return rewritten(scene, at) | scene.unexplained(at, at)


@attack
def inserted_and_rehashed(scene: Scene) -> Expected:
    """A forged entry put in, everything worked out anew."""
    at = scene.pick(first=2)
    on_order.shift(scene, at, 1)
    on_order.copy(scene, at - 1, at, "forged")
    scene.rehash(at)
    scene.regrow()
    return rewritten(scene, at)


@attack
def swapped_and_rehashed(scene: Scene) -> Expected:
    """Two entries in each other's place, everything worked out anew."""
    first, other = scene.pick_two()
    on_order.move(scene, first, on_order.FAR)
    on_order.move(scene, other, first)
    on_order.move(scene, on_order.FAR, other)
    scene.rehash(first)
    scene.regrow()
    return rewritten(scene, first)


@attack
def rewritten_whole(scene: Scene) -> Expected:
    """Another log from the first entry on, consistent in itself."""
    scene.run("UPDATE entries SET site = site || 'x'")
    scene.rehash(1)
    scene.regrow()
    return rewritten(scene, 1)


@attack
def truncated_with_head_rewritten(scene: Scene) -> Expected:
    """The last entries gone, and a head and nodes that know nothing of them."""
    first = scene.pick()
    on_order.remove(scene, first, scene.size)
    scene.regrow()
    cut = Expected.at(first, Fault.TRUNCATED, trusted=first > scene.log.covered)
    return cut | scene.unexplained(first, scene.size)


@attack
def tail_replaced(scene: Scene) -> Expected:
    """The last entries forged, everything worked out anew."""
    first = scene.pick()
    scene.run("UPDATE entries SET reference = reference || 'x' WHERE sequence >= ?", first)
    scene.rehash(first)
    scene.regrow()
    return rewritten(scene, first)


@attack
def rewritten_with_another_key(scene: Scene) -> Expected:
    """Everything worked out anew, and the newest checkpoint signed with the attacker's own key."""
    at = scene.pick_held(scene.log.covered, plain=True)
    change(scene, at)
    scene.rehash(at)
    scene.regrow()
    note = scene.signed(scene.size, ATTACKERS_KEY)
    (scene.place / "checkpoint").write_text(note)
    return Expected.at(at, Fault.REWRITTEN) | Expected.at(None, Fault.WRONG_KEY)


@attack
def rewritten_with_stolen_key(scene: Scene) -> Expected:
    """The same with the log's own key, and new tiles: what was there before is still there."""
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
    """Everything rewritten and signed, the second place too: only a caller's checkpoint tells.

    What it tells is that the log is another; where, nobody can know any more.
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
    """Sizes at which there are checkpoints in the second place, as it was."""
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
