"""Signed checkpoints from the log, the mirror or an auditor, opened with trusted keys."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from serving.audit.transparency.checkpoint import Checkpoint, open_checkpoint
from serving.audit.transparency.note import (
    MAX_NOTE_BYTES,
    ForgedNoteError,
    MalformedNoteError,
    Note,
    Verifier,
    WrongKeyError,
)
from serving.audit.verify.verdict import Fault, FaultLocation, Finding


def parse_verifier_keys(given: Iterable[str]) -> list[Verifier]:
    """Verifier keys; each is a key's text, or a file that holds one on each line.

    Raises:
        ValueError: one is neither.
        OSError: a file cannot be read.
    """
    return [key for one in given for key in _parse_keys(one)]


def _parse_keys(given: str) -> list[Verifier]:
    if "+" in given and not Path(given).is_file():
        return [Verifier.parse(given)]
    lines = [line.strip() for line in read_small_text(Path(given)).splitlines()]
    keys = [Verifier.parse(line) for line in lines if line]
    if not keys:
        raise ValueError(f"{given} holds no verifier key")
    return keys


def read_small_text(path: Path) -> str:
    """Read the text of a small file.

    Raises:
        ValueError: it is too long or no text.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        raw = file.read(MAX_NOTE_BYTES + 1)
    if len(raw) > MAX_NOTE_BYTES:
        raise ValueError(
            f"{path} has more than {MAX_NOTE_BYTES} bytes: it is no key and no checkpoint"
        )
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text: {error}") from None


@dataclass(frozen=True)
class CheckpointWitness:
    """A note, and where it was found. sequence: of the entry that holds it, if one does.

    size: the size that its place says it is of; None where the place says none.
    """

    note: str | bytes
    where: FaultLocation
    name: str
    sequence: int | None = None
    size: int | None = None


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint whose signature is by a trusted key."""

    witness: CheckpointWitness
    checkpoint: Checkpoint


@dataclass(frozen=True)
class OpenedCheckpoints:
    """Checkpoints of the witnesses that are signed, and the faults of the others."""

    signed: Sequence[SignedCheckpoint]
    findings: Sequence[Finding]


def open_witnesses(
    witnesses: Iterable[CheckpointWitness], keys: Collection[Verifier], origin: str
) -> OpenedCheckpoints:
    """Open each with the keys. origin: what the log says its name is.

    A log whose name was changed has its notes signed under another: they are opened by the
    same keys under that name, and it is the name that is at fault, if all of them agree.
    """
    signed, findings = list[SignedCheckpoint](), list[Finding]()
    for witness in witnesses:
        try:
            checkpoint = _open_witness(witness, keys, origin)
        except WrongKeyError as error:
            findings.append(_wrong_key_finding(witness, error))
        except (MalformedNoteError, ForgedNoteError, ValueError) as error:
            findings.append(_forged_finding(witness, str(error)))
        else:
            if witness.size not in {None, checkpoint.size}:
                findings.append(_forged_finding(witness, f"it is of size {checkpoint.size}"))
            signed.append(SignedCheckpoint(witness, checkpoint))
    return _of_this_log(signed, findings, origin, {key.name for key in keys})


def _open_witness(
    witness: CheckpointWitness, keys: Collection[Verifier], origin: str
) -> Checkpoint:
    try:
        return open_checkpoint(witness.note, keys)
    except WrongKeyError as error:
        name = Note.parse(witness.note).text.partition("\n")[0]
        if name == origin:
            raise
        try:
            return open_checkpoint(
                witness.note, [replace(k, name=name) for k in keys if k.name == origin]
            )
        except ValueError:
            raise error from None


def _of_this_log(
    signed: list[SignedCheckpoint], findings: list[Finding], origin: str, keys: set[str]
) -> OpenedCheckpoints:
    """Keep the checkpoints of this log; keep all if only the log's own name was changed."""
    names = {one.checkpoint.origin for one in signed} or keys
    if origin in names or not names:
        others = [one for one in signed if one.checkpoint.origin != origin]
        findings += [
            _forged_finding(o.witness, f"it is of log {o.checkpoint.origin}") for o in others
        ]
        return OpenedCheckpoints(
            [one for one in signed if one.checkpoint.origin == origin], findings
        )
    if len(names) == 1:
        findings.append(
            Finding(
                Fault.EDITED,
                None,
                f"The log calls itself {origin!r}, and its checkpoints or your key are of "
                f"{names.pop()!r}: the name in `head` was changed, or this is another log.",
                FaultLocation.HEAD,
            )
        )
        return OpenedCheckpoints(signed, findings)
    findings += [_forged_finding(o.witness, f"it is of log {o.checkpoint.origin}") for o in signed]
    return OpenedCheckpoints([], findings)


def _wrong_key_finding(witness: CheckpointWitness, error: WrongKeyError) -> Finding:
    return Finding(
        Fault.WRONG_KEY,
        witness.sequence,
        f"{witness.name} is not signed by a key that is trusted here ({error}); whoever signed "
        "it, it proves nothing to you.",
        witness.where,
    )


def _forged_finding(witness: CheckpointWitness, why: str) -> Finding:
    return Finding(
        Fault.FORGED_PROOF,
        witness.sequence,
        f"{witness.name} does not hold: {why}. It proves nothing.",
        witness.where,
    )
