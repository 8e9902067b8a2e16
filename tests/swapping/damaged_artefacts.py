"""Damaged artefacts and pointers, each damaged in a different way."""

import json
import random
import shutil
from hashlib import sha256
from pathlib import Path

from tests.swapping.versions import Versions, write

QUICK = ("flipped", "cut", "gone", "extra", "manifest", "half", "escape", "absent")
IN_CHILD = ("crashing", "other_leaf")
"""Damage with correct digests: only loading in a child process detects it, in a second or two."""


def offer_version(versions: Versions, number: int, every: int = 50) -> str:
    """Point at a damaged artefact and return the version it is offered under.

    Args:
        versions: Versions whose artefacts are copied and damaged.
        number: Number of the damage, which decides its kind.
        every: One in this many has correct digests.

    Returns:
        The version, or an empty string if the pointer does not name one.
    """
    draw = random.Random(number)
    in_child = number // every if number % every == every - 1 else -1
    kind = IN_CHILD[in_child % len(IN_CHILD)] if in_child >= 0 else QUICK[number % len(QUICK)]
    name, pointer = f"damaged-{number}", versions.home / "champion.json"
    if kind == "half":
        write(pointer, " " * number + '{"version": "3", "dig')
        return ""
    if kind == "escape":
        write(pointer, {"version": "3", "digest": f"../{number}/{versions.digests['3'][:40]}"})
        return ""
    if kind == "absent":
        versions.point(name, sha256(name.encode()).hexdigest())
        return name
    folder = versions.home / "offered"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(versions.home / versions.digests["3"], folder)
    digest = damage_artefact(folder, kind, draw, number)
    shutil.rmtree(versions.home / digest, ignore_errors=True)
    folder.rename(versions.home / digest)
    versions.point(name, digest)
    return name


def damage_artefact(folder: Path, kind: str, draw: random.Random, number: int) -> str:
    """Damage an artefact and return the digest under which it is offered."""
    manifest = json.loads((folder / "manifest.json").read_text())
    file = folder / draw.choice(sorted(manifest["files"]))
    manifest["note"] = number  # so that each has a digest of its own
    if kind in IN_CHILD:
        damage_trees(folder / "model.txt", kind, draw)
        manifest["files"]["model.txt"] = sha256((folder / "model.txt").read_bytes()).hexdigest()
    text = json.dumps(manifest)
    (folder / "manifest.json").write_text(text)
    content = file.read_bytes()
    match kind:
        case "flipped":
            place = draw.randrange(len(content))
            changed = bytes([content[place] ^ (1 << draw.randrange(8))])
            file.write_bytes(content[:place] + changed + content[place + 1 :])
        case "cut":
            file.write_bytes(content[: draw.randrange(len(content))])
        case "gone":
            file.unlink()
        case "extra":
            (folder / f"model_{number}.txt").write_text("tree")
        case "manifest":
            (folder / "manifest.json").write_text(text[: draw.randrange(1, len(text) - 1)])
    return sha256((folder / "manifest.json").read_bytes()).hexdigest()


def damage_trees(path: Path, kind: str, draw: random.Random) -> None:
    """Damage the trees, so that they crash the reading process or predict something else."""
    text = path.read_text()
    if kind == "crashing":
        path.write_text(text[: draw.randrange(len(text) // 3, len(text) // 2)])
        return
    lines = text.splitlines(keepends=True)
    leaves = [n for n, line in enumerate(lines) if line.startswith("leaf_value=")]
    for place in leaves:
        name, values = lines[place].strip().split("=")
        moved = [repr(float(value) + 0.25) for value in values.split()]
        lines[place] = f"{name}={' '.join(moved)}\n"
    path.write_text("".join(lines))
