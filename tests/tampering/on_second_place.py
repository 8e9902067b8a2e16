"""Attacks on the checkpoint mirror; the database stays as it was."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable

from serving.audit.verify.verdict import Fault
from tests.tampering.attack import Attack, attack
from tests.tampering.log import ATTACKERS_KEY, KEY, ORIGIN
from tests.tampering.scene import Expected, Scene
from tests.tampering.text import retold
from tests.tampering.tlog_tiles import HASH_BYTES, tile_path, tiles

NOT_HOLDING = (Fault.FORGED_PROOF, Fault.WRONG_KEY)
Change = Callable[[Scene, str], str]


def flipped_base64(scene: Scene, text: str, first: int = 0) -> str:
    """Flip one bit of base64-encoded bytes, at byte `first` or later."""
    raw = bytearray(b64decode(text))
    raw[scene.rng.randrange(first, len(raw))] ^= 1 << scene.rng.randrange(8)
    return b64encode(bytes(raw)).decode()


def on_line(number: int, change: Change) -> Change:
    """Return a change that applies to one line of a note."""

    def changed(scene: Scene, note: str) -> str:
        lines = note.split("\n")
        lines[number] = change(scene, lines[number])
        return "\n".join(lines)

    return changed


def signature(first: int) -> Change:
    """Return a change that flips a bit of the signature, at byte `first` or later."""

    def changed(scene: Scene, line: str) -> str:
        dash, name, encoded = line.split(" ")
        return " ".join((dash, name, flipped_base64(scene, encoded, first)))

    return changed


def key_id(scene: Scene, line: str) -> str:
    """Flip a bit of the four bytes that identify the signing key."""
    dash, name, encoded = line.split(" ")
    raw = bytearray(b64decode(encoded))
    raw[scene.rng.randrange(4)] ^= 1
    return " ".join((dash, name, b64encode(bytes(raw)).decode()))


CHANGES: dict[str, Change] = {
    "origin": on_line(0, lambda scene, line: retold(scene.rng, line)),
    "size": on_line(1, lambda scene, line: str(int(line) + scene.rng.choice([1, -1, 1000]))),
    "size-spelling": on_line(1, lambda _, line: "0" + line),
    "root": on_line(2, flipped_base64),
    "blank-line": on_line(3, lambda *_: " "),
    "key-name": on_line(4, lambda _, line: line.replace("exception", "exceptiom")),
    "key-id": on_line(4, key_id),
    "signature": on_line(4, signature(4)),
    "any-character": lambda scene, note: retold(scene.rng, note),
    "extra-line": lambda _, note: note.replace("\n\n", "\nextra\n\n"),
    "cut": lambda scene, note: note[: scene.rng.randrange(1, len(note))],
    "empty": lambda *_: "",
}


def note(name: str) -> Attack:
    """Return the attack that applies the named change to a random note."""

    def tamper(scene: Scene) -> Expected:
        file = scene.rng.choice([*scene.notes(), scene.place / "checkpoint"])
        before = file.read_bytes().decode()
        after = CHANGES[name](scene, before)
        assert after != before
        file.write_bytes(after.encode(errors="surrogatepass"))
        return Expected.at(None, *NOT_HOLDING)

    return Attack(f"note-{name}", tamper)


@attack
def note_signed_with_another_key(scene: Scene) -> Expected:
    """Sign a note's correct content with the attacker's key."""
    file = scene.rng.choice([*scene.notes(), scene.place / "checkpoint"])
    size = int(file.read_text().split("\n")[1])
    file.write_text(scene.signed(size, ATTACKERS_KEY))
    return Expected.at(None, Fault.WRONG_KEY)


@attack
def note_of_another_log(scene: Scene) -> Expected:
    """Replace a note by one that the log's own key signed for another origin."""
    file = scene.rng.choice(list(scene.notes()))
    size = int(file.read_text().split("\n")[1])
    file.write_text(KEY.note(ORIGIN + "0", size, b"\0" * HASH_BYTES))
    return Expected.at(None, *NOT_HOLDING)


@attack
def notes_swapped(scene: Scene) -> Expected:
    """Swap two notes, so that each lies under the other's size."""
    one, two = scene.rng.sample(list(scene.notes()), 2)
    first, second = one.read_text(), two.read_text()
    one.write_text(second)
    two.write_text(first)
    return Expected.at(None, Fault.FORGED_PROOF)


@attack
def another_log_signed(scene: Scene) -> Expected:
    """Add a correctly signed checkpoint of another tree, as with a stolen key.

    No CHECKPOINT entry has its size, so nothing else contradicts it.
    """
    size = scene.pick(scene.log.covered)
    forged = KEY.note(ORIGIN, size, b"\x01" * HASH_BYTES)
    (scene.place / "checkpoints" / f"{size:020}").write_text(forged)
    before = [int(file.name) for file in scene.notes() if int(file.name) < size]
    return Expected.at(max(before, default=0) + 1, Fault.REWRITTEN)


def current_tiles(scene: Scene) -> list[str]:
    """Return the paths of the latest checkpoint's tiles, without superseded partial ones."""
    rows = scene.log.tables["entries"][: scene.log.covered]
    return [name for name, _ in tiles([bytes.fromhex(str(row["hash"])) for row in rows])]


@attack
def leaf_in_a_tile(scene: Scene) -> Expected:
    """Flip a bit of a leaf hash in a tile."""
    at = scene.pick(scene.log.covered)
    index = (at - 1) // 256
    name = tile_path(0, index, min(256, scene.log.covered - index * 256))
    flip(scene, name, (at - 1) % 256 * HASH_BYTES + scene.rng.randrange(HASH_BYTES))
    return Expected.at(at, Fault.FORGED_PROOF)


@attack
def node_in_a_tile(scene: Scene) -> Expected:
    """Flip a bit of a tile above the leaf level."""
    name = next(name for name in current_tiles(scene) if name.startswith("tile/1/"))
    flip(scene, name, scene.rng.randrange(len(scene.log.files[name])))
    return Expected.at(1, Fault.FORGED_PROOF)


@attack
def tile_cut(scene: Scene) -> Expected:
    """Truncate or delete a tile."""
    name = scene.rng.choice(current_tiles(scene))
    file = scene.place / name
    content = file.read_bytes()
    if scene.rng.random() < 0.5:
        file.unlink()
    else:
        file.write_bytes(content[: -scene.rng.randrange(1, len(content))])
    first = int(name.split("/")[2].split(".")[0]) * 256 + 1
    return Expected.at(first, Fault.FORGED_PROOF, Fault.DELETED)


def flip(scene: Scene, name: str, at: int) -> None:
    """Flip a bit of one byte of a file in the mirror."""
    content = bytearray((scene.place / name).read_bytes())
    content[at] ^= 1 << scene.rng.randrange(8)
    (scene.place / name).write_bytes(bytes(content))


@attack
def key_replaced(scene: Scene) -> Expected:
    """Replace the mirror's key and signatures by the attacker's; the verifier trusts the old key."""
    for file in [*scene.notes(), scene.place / "checkpoint"]:
        size = int(file.read_text().split("\n")[1])
        file.write_text(scene.signed(size, ATTACKERS_KEY))
    (scene.place / "key").write_text(ATTACKERS_KEY.verifier(ORIGIN) + "\n")
    return Expected.at(None, Fault.WRONG_KEY)


@attack
def note_deleted(scene: Scene) -> Expected:
    """Delete a note that a CHECKPOINT entry says was written."""
    file = scene.rng.choice(list(scene.notes()))
    file.unlink()
    return Expected.at(None, Fault.DELETED) | Expected.at(int(file.name) + 1, Fault.DELETED)


@attack
def second_place_emptied(scene: Scene) -> Expected:
    """Delete every note in the mirror."""
    for file in [*scene.notes(), scene.place / "checkpoint"]:
        file.unlink()
    first = int(next(iter(sorted(n for n in scene.log.files if "checkpoints/" in n))).split("/")[1])
    return Expected.at(None, Fault.DELETED) | Expected.at(first + 1, Fault.DELETED)


ATTACKS = (
    *map(note, CHANGES),
    note_signed_with_another_key,
    note_of_another_log,
    notes_swapped,
    another_log_signed,
    leaf_in_a_tile,
    node_in_a_tile,
    tile_cut,
    key_replaced,
    note_deleted,
    second_place_emptied,
)
