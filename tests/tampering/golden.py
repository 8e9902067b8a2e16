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
    """Specification of a golden log and of the attack on it.

    Attributes:
        plan: Specification of the log before the attack.
        attack: Name of the attack; empty for an intact log.
        fault: Fault that verification must report first.
        sentence: Part of the sentence that verification must report.
        seed: Seed of the place where the attack strikes.
    """

    plan: Plan
    attack: str = ""
    fault: Fault | None = None
    sentence: str = ""
    seed: int = 0


@cache
def untouched(plan: Plan) -> Log:
    """Return the log of a plan, built once."""
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
    """Yield the path and content of every file of a golden log."""
    golden = GOLDEN[name]
    tampered_log, expected = tampered(name, golden)
    yield LOG, "".join(f"{line}\n" for line in rows.lines(tampered_log.tables))
    yield KEY, tampered_log.vkey + "\n"
    yield CALLERS, tampered_log.note
    yield EXPECTED, json.dumps(expected, indent=2) + "\n"
    for path, text in as_text(tampered_log.files).items():
        yield f"{MIRROR_FOLDER}/{path}", text


def tampered(name: str, golden: Golden) -> tuple[Log, dict[str, object]]:
    """Return the log after the attack, and the expected verdict."""
    intact = untouched(golden.plan)
    if not golden.attack:
        return intact, {"fault": None, "size": intact.size, "covered": intact.covered} | {
            "erased": len(intact.erased),
            "trusted": False,
        }
    with tempfile.TemporaryDirectory() as folder:
        write_log(intact, Path(folder))
        rng = random.Random(f"golden/{name}/{golden.seed}")
        expected = TamperedCopy(intact, Path(folder)).tamper(ATTACKS[golden.attack], rng)
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
    verdict = {"fault": str(golden.fault), "sequence": sequence, "sentence": golden.sentence}
    return replace(intact, tables=tables, files=files), verdict | {"trusted": expected.trusted}


def read(folder: Path) -> tuple[Log, dict[str, object]]:
    """Read a golden log and the expected verdict from files."""
    place = folder / MIRROR_FOLDER
    files = {
        str(file.relative_to(place)): file.read_bytes().decode()
        for file in sorted(place.rglob("*"))
        if file.is_file()
    }
    lines = (folder / LOG).read_bytes().decode().split("\n")[:-1]
    vkey, note = (folder / KEY).read_text().strip(), (folder / CALLERS).read_text()
    golden_log = Log(rows.from_lines(lines), from_text(files), vkey, note, 0, frozenset())
    return golden_log, json.loads((folder / EXPECTED).read_text())


def write(folder: Path) -> None:
    """Write every golden log into a folder, replacing earlier ones."""
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
