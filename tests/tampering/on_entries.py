"""Attacks on an entry's columns that leave its hash unchanged."""

from __future__ import annotations

from datetime import datetime, timedelta

from serving.audit.log.entry_kind import EntryKind
from serving.audit.verify.verdict import Fault
from tests.tampering.attack import Attack, attack
from tests.tampering.scene import Expected, Scene
from tests.tampering.text import flipped_hex, look_alike, retold

TEXTS = ("about", "id", "task", "site", "reference", "tenant")
HASHES = ("commitment", "previous", "hash")


def texts(column: str) -> Attack:
    """Return the attack that changes the text in a column."""

    def tamper(scene: Scene) -> Expected:
        at = scene.pick()
        text = scene.get("entries", column, at)
        scene.set("entries", column, at, retold(scene.rng, text))
        return Expected.at(at, Fault.EDITED)

    return Attack(f"entry-{column}", tamper)


def hashes(column: str) -> Attack:
    """Return the attack that flips a bit of a hash or makes it upper case."""

    def tamper(scene: Scene) -> Expected:
        at = scene.pick()
        text = scene.get("entries", column, at)
        other = text.upper() if scene.rng.random() < 0.2 else flipped_hex(scene.rng, text)
        scene.set("entries", column, at, other if other != text else flipped_hex(scene.rng, text))
        return Expected.at(at, Fault.EDITED)

    return Attack(f"entry-{column}", tamper)


def plain(scene: Scene) -> int:
    """Pick an entry that is neither a checkpoint nor an erasure."""
    return scene.pick_held(plain=True)


@attack
def entry_kind(scene: Scene) -> Expected:
    """Change the kind of an entry to another one, real or invented."""
    at = plain(scene)
    kinds = [*map(str, EntryKind), "", "RECOMMENDATION", "recommendation "]
    kinds.remove(scene.kind(at))
    scene.set("entries", "kind", at, scene.rng.choice(kinds))
    return Expected.at(at, Fault.EDITED)


@attack
def entry_priority(scene: Scene) -> Expected:
    """Change the priority: slightly, grossly, or to a value that is not a number."""
    at = scene.pick()
    was = scene.get("entries", "priority", at)
    nudged = was + 2**-40
    others = (nudged, -was - 1, was * 10 + 1, 1e308, float("inf"), "high", b"\x00")
    scene.set("entries", "priority", at, scene.rng.choice(others))
    return Expected.at(at, Fault.EDITED)


@attack
def entry_picked(scene: Scene) -> Expected:
    """Move an entry in or out of the audit sample, or set a value that queries miss."""
    at = scene.pick()
    was = scene.get("entries", "picked", at)
    scene.set("entries", "picked", at, scene.rng.choice([1 - was, 2, -1, "yes"]))
    return Expected.at(at, Fault.EDITED)


@attack
def entry_schema(scene: Scene) -> Expected:
    """Change the schema version to another or an invalid one."""
    at = scene.pick()
    scene.set("entries", "schema", at, scene.rng.choice([1, 3, -2, 2.5, "two", 2**60]))
    return Expected.at(at, Fault.EDITED)


@attack
def entry_clock(scene: Scene) -> Expected:
    """Change the time of an entry, or only its spelling."""
    at = scene.pick()
    was = scene.get("entries", "recorded_at", at)
    step = timedelta(seconds=scene.rng.choice([1, -1, 86400, -86400, 31 * 86400]))
    moved = (datetime.fromisoformat(was) + step).isoformat()
    others = [moved, was.replace("+00:00", "Z"), was.replace("T", " "), "", "yesterday"]
    scene.set("entries", "recorded_at", at, scene.rng.choice(others))
    return Expected.at(at, Fault.EDITED)


@attack
def entry_as_bytes(scene: Scene) -> Expected:
    """Store a text as bytes, which queries miss, or as bytes that are not valid UTF-8."""
    at = plain(scene)
    column = scene.rng.choice([*TEXTS, "kind", "commitment", "hash"])
    raw = str(scene.get("entries", column, at)).encode()
    scene.set("entries", column, at, raw if scene.rng.random() < 0.5 else b"\xff" + raw)
    return Expected.at(at, Fault.EDITED)


@attack
def entry_text_that_is_no_utf8(scene: Scene) -> Expected:
    """Store a text that is not valid UTF-8."""
    at = plain(scene)
    column = scene.rng.choice([*TEXTS, "kind"])
    change = f"UPDATE entries SET \"{column}\" = CAST(x'C3286162' AS TEXT) WHERE sequence = ?"
    scene.run(change, at)
    return Expected.at(at, Fault.EDITED)


@attack
def several_entries(scene: Scene) -> Expected:
    """Change columns of several entries; verification must name the first."""
    some = sorted({scene.pick() for _ in range(scene.rng.randint(2, 5))})
    for at in some:
        column = scene.rng.choice(TEXTS)
        scene.set("entries", column, at, scene.get("entries", column, at) + "x")
    return Expected.at(some[0], Fault.EDITED)


@attack
def two_columns(scene: Scene) -> Expected:
    """Change both the site and the hash of an entry."""
    at = scene.pick()
    text = scene.get("entries", "site", at)
    other = look_alike(scene.rng, text)
    scene.set("entries", "site", at, other if other != text else text + "x")
    scene.set("entries", "hash", at, flipped_hex(scene.rng, scene.get("entries", "hash", at)))
    return Expected.at(at, Fault.EDITED)


@attack
def erasure_kind(scene: Scene) -> Expected:
    """Change an ERASURE to another kind, so that its payloads count as deleted."""
    at = scene.rng.choice(scene.of_kind("erasure"))
    scene.set("entries", "kind", at, "recommendation")
    gone = min(s for a, b in scene.payload(at)["ranges"] for s in range(a, b + 1))
    return Expected.at(at, Fault.EDITED) | Expected.at(gone, Fault.DELETED)


ATTACKS = (
    *map(texts, TEXTS),
    *map(hashes, HASHES),
    entry_kind,
    entry_priority,
    entry_picked,
    entry_schema,
    entry_clock,
    entry_as_bytes,
    entry_text_that_is_no_utf8,
    several_entries,
    two_columns,
    erasure_kind,
)
