"""Golden logs: one for each attack by name, as text files that can be read and kept.

`python -m tests.tampering.golden --write` makes them again; the same bytes every time.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from serving.audit.log.store import AuditStore
from serving.audit.verify.verdict import Fault
from tests.tampering import rows
from tests.tampering.attacks import ATTACKS
from tests.tampering.log import Log, Plan, log
from tests.tampering.tampered_copy import DATABASE, MIRROR_FOLDER, TamperedCopy, write_log
from tests.tampering.tlog_tiles import as_text, from_text

FOLDER = Path(__file__).resolve().parent.parent / "golden" / "audit"
SMALL = Plan(30, (12, 24))
ERASED = Plan(30, (12, 24), ((20, ((7, 7), (10, 11))),))
LARGE = Plan(300, (100, 270))
LOG, KEY, CALLERS, EXPECTED = "log.jsonl", "key", "callers-checkpoint", "expected.json"


@dataclass(frozen=True)
class Golden:
    """A golden log: what it holds, and what was done to it ("": nothing).

    fault, sentence: what verification says first, and a piece of the words it uses.
    seed: where in the log it strikes.
    """

    plan: Plan
    attack: str = ""
    fault: Fault | None = None
    sentence: str = ""
    seed: int = 0


@cache
def untouched(plan: Plan) -> Log:
    """The log of a plan, made once."""
    return log(plan)


GOLDEN: Mapping[str, Golden] = {
    "happy-path": Golden(LARGE),
    "erased": Golden(ERASED),
    "edited-entry": Golden(SMALL, "entry-site", Fault.EDITED, "was changed after it was recorded"),
    "edited-payload": Golden(SMALL, "body-value", Fault.EDITED, "not what its digest names"),
    "edited-and-rehashed": Golden(
        SMALL, "edited-and-rehashed", Fault.REWRITTEN, "another than was signed"
    ),
    "edited-head": Golden(SMALL, "head-hash", Fault.EDITED, "head"),
    "edited-node": Golden(LARGE, "node-hash", Fault.EDITED, "kept for proofs"),
    "swapped-entries": Golden(SMALL, "swapped-entries", Fault.REORDERED, "the order is not"),
    "deleted-middle": Golden(SMALL, "deleted-middle", Fault.DELETED, "missing"),
    "deleted-payload": Golden(ERASED, "deleted-payload", Fault.DELETED, "no erasure on record"),
    "renumbered-after-deletion": Golden(
        SMALL, "renumbered-after-deletion", Fault.DELETED, "given new numbers"
    ),
    "inserted-entry": Golden(SMALL, "inserted-entry", Fault.INSERTED, "never recorded"),
    "truncated-tail": Golden(SMALL, "truncated-tail", Fault.TRUNCATED, "were cut off"),
    "truncated-with-head-rewritten": Golden(
        SMALL, "truncated-with-head-rewritten", Fault.TRUNCATED, "were cut off", seed=1
    ),
    "rewritten-whole": Golden(SMALL, "rewritten-whole", Fault.REWRITTEN, "not the log"),
    "rewritten-with-stolen-key": Golden(
        SMALL, "rewritten-with-stolen-key", Fault.REWRITTEN, "was signed over another tree"
    ),
    "forged-checkpoint": Golden(SMALL, "note-signature", Fault.FORGED_PROOF, "does not hold"),
    "forged-proof": Golden(SMALL, "leaf-in-a-tile", Fault.FORGED_PROOF, "second place"),
    "wrong-key": Golden(SMALL, "key-replaced", Fault.WRONG_KEY, "not signed by a key"),
}


def texts(name: str) -> Iterator[tuple[str, str]]:
    """Path and content of every file of a golden log."""
    golden = GOLDEN[name]
    made, expected = tampered(name, golden)
    yield LOG, "".join(f"{line}\n" for line in rows.lines(made.tables))
    yield KEY, made.vkey + "\n"
    yield CALLERS, made.note
    yield EXPECTED, json.dumps(expected, indent=2) + "\n"
    for path, text in as_text(made.files).items():
        yield f"{MIRROR_FOLDER}/{path}", text


def tampered(name: str, golden: Golden) -> tuple[Log, dict[str, object]]:
    """The log once the attack is done, and what is to be said of it."""
    made = untouched(golden.plan)
    if not golden.attack:
        return made, {"fault": None, "size": made.size, "covered": made.covered} | {
            "erased": len(made.erased),
            "trusted": False,
        }
    with tempfile.TemporaryDirectory() as folder:
        write_log(made, Path(folder))
        rng = random.Random(f"golden/{name}/{golden.seed}")
        expected = TamperedCopy(made, Path(folder)).tamper(ATTACKS[golden.attack], rng)
        store = AuditStore.open(Path(folder) / DATABASE)
        tables = rows.read(store)
        store.close()
        files = {
            str(file.relative_to(Path(folder) / MIRROR_FOLDER)): file.read_bytes()
            for file in sorted((Path(folder) / MIRROR_FOLDER).rglob("*"))
            if file.is_file()
        }
    # Where the very entry cannot be known, it is the first after what is proven.
    sequence = min((at for fault, at in expected.places if fault == golden.fault), key=str)
    told = {"fault": str(golden.fault), "sequence": sequence, "sentence": golden.sentence}
    return replace(made, tables=tables, files=files), told | {"trusted": expected.trusted}


def read(folder: Path) -> tuple[Log, dict[str, object]]:
    """A golden log and what is to be said of it, from its files."""
    place = folder / MIRROR_FOLDER
    files = {
        str(file.relative_to(place)): file.read_bytes().decode()
        for file in sorted(place.rglob("*"))
        if file.is_file()
    }
    lines = (folder / LOG).read_bytes().decode().split("\n")[:-1]
    vkey, note = (folder / KEY).read_text().strip(), (folder / CALLERS).read_text()
    made = Log(rows.from_lines(lines), from_text(files), vkey, note, 0, frozenset())
    return made, json.loads((folder / EXPECTED).read_text())


def write(folder: Path) -> None:
    """Make every golden log there, in place of what was."""
    for name in GOLDEN:
        shutil.rmtree(folder / name, ignore_errors=True)
        for path, text in texts(name):
            file = folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", required=True)
    parser.parse_args()
    write(FOLDER)
