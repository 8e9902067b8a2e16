"""Attacks on payloads that leave the envelopes unchanged."""

from __future__ import annotations

import json
import random

from serving.audit.log.canonical_json import canonicalize
from serving.audit.verify.verdict import Fault
from tests.tampering.attack import attack
from tests.tampering.scene import Expected, Scene
from tests.tampering.text import flipped_hex, retold


@attack
def body_text(scene: Scene) -> Expected:
    """Change the text of a payload, by a character, a look-alike or a space."""
    at = scene.pick_held(plain=True)
    body = scene.get("payloads", "body", at)
    scene.set("payloads", "body", at, retold(scene.rng, body))
    return Expected.at(at, Fault.EDITED)


@attack
def body_value(scene: Scene) -> Expected:
    """Change a value in a payload and write it in canonical form."""
    at = scene.pick_held(plain=True)
    held = scene.payload(at)
    revalue(scene.rng, held)
    scene.set("payloads", "body", at, canonicalize(held))
    return Expected.at(at, Fault.EDITED)


def revalue(rng: random.Random, held: dict) -> None:
    """Change one value, at whatever depth."""
    name = rng.choice(sorted(held))
    match held[name]:
        case dict() as inner if inner:
            revalue(rng, inner)
        case bool() as was:
            held[name] = not was
        case int() | float() as was:
            held[name] = was + rng.choice([1, -1, 2**-20])
        case str() as was:
            held[name] = retold(rng, was)
        case None:
            held[name] = 0
        case other:
            held[name] = [other]


@attack
def body_spelling(scene: Scene) -> Expected:
    """Write the same values with other spaces, order of names or escapes."""
    at = scene.pick_held(plain=True)
    held = scene.payload(at)
    ways = (
        json.dumps(held),
        json.dumps(dict(reversed(held.items())), separators=(",", ":")),
        scene.get("payloads", "body", at) + "\n",
    )
    scene.set("payloads", "body", at, scene.rng.choice(ways))
    return Expected.at(at, Fault.EDITED)


@attack
def body_as_bytes(scene: Scene) -> Expected:
    """Store the payload's text as bytes."""
    at = scene.pick_held(plain=True)
    scene.set("payloads", "body", at, scene.get("payloads", "body", at).encode())
    return Expected.at(at, Fault.EDITED)


@attack
def salt(scene: Scene) -> Expected:
    """Change the salt or its spelling."""
    at = scene.pick_held()
    was = scene.get("payloads", "salt", at)
    others = (flipped_hex(scene.rng, was), was.upper(), was[:2] + " " + was[2:], "", was + "00")
    others += (was[:-2], "salt")
    scene.set("payloads", "salt", at, scene.rng.choice([o for o in others if o != was]))
    return Expected.at(at, Fault.EDITED)


@attack
def salt_takes_the_beginning_of_the_body(scene: Scene) -> Expected:
    """Move bytes from body to salt, which keeps their concatenation the same."""
    at = scene.pick_held(plain=True)
    body, was = scene.get("payloads", "body", at), scene.get("payloads", "salt", at)
    count = scene.rng.randint(1, 5)
    scene.set("payloads", "salt", at, was + body[:count].encode().hex())
    scene.set("payloads", "body", at, body[count:])
    return Expected.at(at, Fault.EDITED)


@attack
def month(scene: Scene) -> Expected:
    """Move a payload to another month, so that it would be dropped too early or never."""
    at = scene.pick_held()
    was = scene.get("payloads", "month", at)
    others = [m for m in ("2019-01", "2026-01", "2026-02", "9999-12", "", "month") if m != was]
    scene.set("payloads", "month", at, scene.rng.choice(others))
    return Expected.at(at, Fault.EDITED)


@attack
def swapped_payloads(scene: Scene) -> Expected:
    """Swap the payloads of two entries."""
    first, other = scene.pick_two()
    for column in ("salt", "body"):
        one, two = (scene.get("payloads", column, at) for at in (first, other))
        scene.set("payloads", column, first, two)
        scene.set("payloads", column, other, one)
    return Expected.at(first, Fault.REORDERED)


@attack
def swapped_salts(scene: Scene) -> Expected:
    """Swap the salts of two entries."""
    first, other = scene.pick_two()
    one, two = (scene.get("payloads", "salt", at) for at in (first, other))
    scene.set("payloads", "salt", first, two)
    scene.set("payloads", "salt", other, one)
    return Expected.at(first, Fault.EDITED, Fault.REORDERED)


@attack
def copied_payload(scene: Scene) -> Expected:
    """Copy the payload of one entry over another's."""
    at, source = scene.pick_two()
    if scene.rng.random() < 0.5:
        at, source = source, at
    for column in ("salt", "body"):
        scene.set("payloads", column, at, scene.get("payloads", column, source))
    return Expected.at(at, Fault.EDITED, Fault.REORDERED)


@attack
def deleted_payload(scene: Scene) -> Expected:
    """Delete a payload without an ERASURE entry."""
    at = scene.pick_held(plain=True)
    scene.run("DELETE FROM payloads WHERE sequence = ?", at)
    return Expected.at(at, Fault.DELETED)


@attack
def payload_of_no_entry(scene: Scene) -> Expected:
    """Insert a payload under a sequence that no entry has."""
    at = scene.size + scene.rng.randint(1, 1000)
    scene.run("INSERT INTO payloads SELECT ?, month, salt, body FROM payloads LIMIT 1", at)
    return Expected.at(at, Fault.INSERTED)


@attack
def moved_payload(scene: Scene) -> Expected:
    """Move a payload to a sequence that no entry has."""
    at = scene.pick_held(plain=True)
    scene.set("payloads", "sequence", at, scene.size + scene.rng.randint(1, 1000))
    return Expected.at(at, Fault.DELETED, Fault.EDITED)


@attack
def second_payload(scene: Scene) -> Expected:
    """Insert a second payload of an entry, under another month."""
    at = scene.pick_held(plain=True)
    body = scene.get("payloads", "body", at)
    other = body if scene.rng.random() < 0.5 else retold(scene.rng, body)
    month = scene.rng.choice(["1999-12", "2031-07"])
    row = "INSERT INTO payloads (sequence, month, salt, body) SELECT ?, ?, salt, ?"
    scene.run(f"{row} FROM payloads WHERE sequence = ?", at, month, other, at)
    return Expected.at(at, Fault.INSERTED, Fault.EDITED)


@attack
def payload_put_where_one_was_erased(scene: Scene) -> Expected:
    """Insert a payload where one was lawfully erased."""
    at = scene.rng.choice(sorted(scene.log.erased))
    month = scene.get("entries", "recorded_at", at)[:7]
    row = "INSERT INTO payloads (sequence, month, salt, body) VALUES (?, ?, ?, ?)"
    scene.run(row, at, month, "ab" * 16, '{"kind":"recommendation"}')
    return Expected.at(at, Fault.EDITED, Fault.INSERTED)


@attack
def payload_twice(scene: Scene) -> Expected:
    """Insert a payload a second time after removing the table's key."""
    at = scene.pick_held(plain=True)
    scene.unbound("payloads")
    scene.run("INSERT INTO payloads SELECT * FROM payloads WHERE sequence = ?", at)
    return Expected.at(at, Fault.INSERTED, Fault.EDITED)


@attack
def checkpoint_entry_note(scene: Scene) -> Expected:
    """Change the note in a CHECKPOINT entry."""
    at = scene.rng.choice(scene.of_kind("checkpoint"))
    held = scene.payload(at)
    held["note"] = retold(scene.rng, held["note"])
    scene.set("payloads", "body", at, canonicalize(held))
    return Expected.at(at, Fault.EDITED, Fault.FORGED_PROOF)


@attack
def erasure_ranges(scene: Scene) -> Expected:
    """Extend an ERASURE's ranges to hide a deletion."""
    at = scene.rng.choice(scene.of_kind("erasure"))
    held = scene.payload(at)
    gone = min(first for first, _ in held["ranges"])
    held["ranges"] = [[5, 5], *held["ranges"]]
    scene.set("payloads", "body", at, canonicalize(held))
    scene.run("DELETE FROM payloads WHERE sequence = 5")
    first = min(5, gone)
    return Expected.at(at, Fault.EDITED) | Expected.at(first, Fault.DELETED)


@attack
def erasure_payload_deleted(scene: Scene) -> Expected:
    """Delete the payload of an ERASURE entry."""
    at = scene.rng.choice(scene.of_kind("erasure"))
    gone = min(first for first, _ in scene.payload(at)["ranges"])
    scene.run("DELETE FROM payloads WHERE sequence = ?", at)
    return Expected.at(at, Fault.DELETED) | Expected.at(gone, Fault.DELETED)


ATTACKS = (
    body_text,
    body_value,
    body_spelling,
    body_as_bytes,
    salt,
    salt_takes_the_beginning_of_the_body,
    month,
    swapped_payloads,
    swapped_salts,
    copied_payload,
    deleted_payload,
    payload_of_no_entry,
    moved_payload,
    second_payload,
    payload_put_where_one_was_erased,
    payload_twice,
    checkpoint_entry_note,
    erasure_ranges,
    erasure_payload_deleted,
)
