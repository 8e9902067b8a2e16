"""Attacks that append well-formed entries, as someone with write access could."""

from __future__ import annotations

from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.entry import entry_from_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.verify.verdict import Fault
from tests.tampering.attack import attack
from tests.tampering.drafts import made
from tests.tampering.log import ATTACKERS_KEY, KEY, checkpoint
from tests.tampering.scene import COLUMNS, Expected, Scene
from tests.tampering.text import flipped_hex


def appended(scene: Scene, draft: object) -> int:
    """Append a draft with head and tree updated, as the service would; return its sequence."""
    at = scene.size + 1
    previous = scene.get("entries", "hash", scene.size)
    entry = entry_from_draft(draft, canonicalize(draft.payload), at, previous, salt="cd" * 16)
    values = [{**vars(entry.envelope), "hash": entry.hash}[name] for name in COLUMNS]
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    scene.run(f"INSERT INTO entries ({names}) VALUES ({', '.join('?' * len(values))})", *values)
    row = "INSERT INTO payloads (sequence, month, salt, body) VALUES (?, ?, ?, ?)"
    scene.run(row, at, entry.envelope.month, entry.salt, entry.body)
    scene.regrow()
    return at


@attack
def appended_checkpoint_signed_with_another_key(scene: Scene) -> Expected:
    """Append a CHECKPOINT entry whose note the attacker's key signed."""
    note = scene.signed(scene.size, ATTACKERS_KEY)
    return Expected.at(appended(scene, checkpoint(scene.size + 1, note)), Fault.WRONG_KEY)


@attack
def appended_checkpoint_of_another_log(scene: Scene) -> Expected:
    """Append a CHECKPOINT entry whose note states another size."""
    note = scene.signed(scene.size, KEY)
    lines = note.split("\n")
    lines[1] = str(scene.size + 7)
    at = appended(scene, checkpoint(scene.size + 1, "\n".join(lines)))
    return Expected.at(at, Fault.FORGED_PROOF)


@attack
def appended_checkpoint_without_a_note(scene: Scene) -> Expected:
    """Append a CHECKPOINT entry without a valid note."""
    fields = scene.rng.choice([{}, {"note": None}, {"note": 7}, {"note": ""}, {"note": "\n\n"}])
    draft = made(scene.size + 1, EntryKind.CHECKPOINT, fields, about="")
    return Expected.at(appended(scene, draft), Fault.FORGED_PROOF)


@attack
def erasure_of_later_entries(scene: Scene) -> Expected:
    """Delete a payload, make an earlier ERASURE name it, and recompute chain and tree."""
    at = scene.rng.choice(scene.of_kind("erasure"))
    scene.forge(at, lambda held: held["ranges"].append([5, 5]))
    scene.run("DELETE FROM payloads WHERE sequence = 5")
    scene.rehash(at)
    scene.regrow()
    return Expected.at(at, Fault.REWRITTEN) | Expected.at(5, Fault.DELETED)


@attack
def erasure_of_an_erasure(scene: Scene) -> Expected:
    """Append a well-formed ERASURE of an ERASURE entry.

    Were it accepted, lawful erasure and deletion could not be told apart any more.
    """
    at = scene.rng.choice(scene.of_kind("erasure"))
    ranges = {"ground": "request", "reason": "", "by": "", "ranges": [[at, at]], "count": 1}
    appended(scene, made(scene.size + 1, EntryKind.ERASURE, ranges, about=""))
    scene.run("DELETE FROM payloads WHERE sequence = ?", at)
    return Expected.at(at, Fault.DELETED) | scene.unexplained(at, at)


@attack
def erasure_that_looks_ahead(scene: Scene) -> Expected:
    """Delete a payload and append an ERASURE whose ranges lie beyond the log.

    The ERASURE is well-formed, but names entries that did not exist when it was written.
    """
    at = scene.pick_held(plain=True)
    scene.run("DELETE FROM payloads WHERE sequence = ?", at)
    fields = {"ground": "person", "reason": "", "by": "", "ranges": [[at + 10**6, at + 10**7]]}
    appended(scene, made(scene.size + 1, EntryKind.ERASURE, fields, about=""))
    return Expected.at(at, Fault.DELETED)


@attack
def entry_made_an_erasure(scene: Scene) -> Expected:
    """Turn an entry into an ERASURE of an earlier one and recompute its hash."""
    at = scene.pick_held(scene.size - 1, plain=True)
    while at < 8:
        at = scene.pick_held(scene.size - 1, plain=True)
    gone = scene.pick_held(at - 1, plain=True)
    ranges = {"kind": "erasure", "ranges": [[gone, gone]], "count": 1}
    scene.forge(at, lambda held: held.update(ranges))
    scene.set("entries", "kind", at, "erasure")
    scene.run("DELETE FROM payloads WHERE sequence = ?", gone)
    scene.rehash(at, at)
    return Expected.at(at, Fault.EDITED) | Expected.at(gone, Fault.DELETED)


@attack
def appended_entry_off_the_chain(scene: Scene) -> Expected:
    """Append an entry with a wrong `previous` hash and recompute the tree."""
    at = appended(scene, made(scene.size + 1, EntryKind.FALLBACK, {"why": "forged"}))
    link = flipped_hex(scene.rng, scene.get("entries", "previous", at))
    scene.set("entries", "previous", at, link)
    scene.regrow()
    return Expected.at(at, Fault.EDITED, Fault.INSERTED)


ATTACKS = (
    appended_checkpoint_signed_with_another_key,
    appended_checkpoint_of_another_log,
    appended_checkpoint_without_a_note,
    erasure_of_later_entries,
    erasure_of_an_erasure,
    erasure_that_looks_ahead,
    entry_made_an_erasure,
    appended_entry_off_the_chain,
)
