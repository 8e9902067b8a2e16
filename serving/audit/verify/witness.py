"""Signed checkpoints from wherever they are kept, opened with the keys that are trusted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from serving.audit.checkpoint import Checkpoint, opened
from serving.audit.note import ForgedNoteError, MalformedNoteError, Note, Verifier, WrongKeyError
from serving.audit.verify.fault import Fault, Finding, Where


@dataclass(frozen=True)
class Witness:
    """A note, and where it was found. sequence: of the entry that holds it, if one does.

    size: the size that its place says it is of; None where the place says none.
    """

    note: str | bytes
    where: Where
    name: str
    sequence: int | None = None
    size: int | None = None


@dataclass(frozen=True)
class Signed:
    """A checkpoint whose signature is by a trusted key."""

    witness: Witness
    checkpoint: Checkpoint


@dataclass(frozen=True)
class Opened:
    """What the witnesses say: the checkpoints that are signed, and what is wrong with others."""

    signed: Sequence[Signed]
    findings: Sequence[Finding]


def open_all(witnesses: Iterable[Witness], keys: Collection[Verifier], origin: str) -> Opened:
    """Open each with the keys. origin: what the log says its name is.

    A log whose name was changed has its notes signed under another: they are opened by the
    same keys under that name, and it is the name that is at fault, if all of them agree.
    """
    signed, findings = list[Signed](), list[Finding]()
    for witness in witnesses:
        try:
            checkpoint = _opened(witness, keys, origin)
        except WrongKeyError as error:
            findings.append(_wrong_key(witness, error))
        except (MalformedNoteError, ForgedNoteError, ValueError) as error:
            findings.append(_forged(witness, str(error)))
        else:
            if witness.size not in {None, checkpoint.size}:
                findings.append(_forged(witness, f"it is of size {checkpoint.size}"))
            signed.append(Signed(witness, checkpoint))
    return _of_this_log(signed, findings, origin, {key.name for key in keys})


def _opened(witness: Witness, keys: Collection[Verifier], origin: str) -> Checkpoint:
    try:
        return opened(witness.note, keys)
    except WrongKeyError as error:
        name = Note.parse(witness.note).text.partition("\n")[0]
        if name == origin:
            raise
        try:
            return opened(witness.note, [replace(k, name=name) for k in keys if k.name == origin])
        except ValueError:
            raise error from None


def _of_this_log(
    signed: list[Signed], findings: list[Finding], origin: str, keys: set[str]
) -> Opened:
    """Those of the log, where others are; all of them, where the log itself has another name."""
    names = {one.checkpoint.origin for one in signed} or keys
    if origin in names or not names:
        others = [one for one in signed if one.checkpoint.origin != origin]
        findings += [_forged(o.witness, f"it is of log {o.checkpoint.origin}") for o in others]
        return Opened([one for one in signed if one.checkpoint.origin == origin], findings)
    if len(names) == 1:
        findings.append(
            Finding(
                Fault.EDITED,
                None,
                f"The log calls itself {origin!r}, and its checkpoints or your key are of "
                f"{names.pop()!r}: the name in `head` was changed, or this is another log.",
                Where.HEAD,
            )
        )
        return Opened(signed, findings)
    findings += [_forged(o.witness, f"it is of log {o.checkpoint.origin}") for o in signed]
    return Opened([], findings)


def _wrong_key(witness: Witness, error: WrongKeyError) -> Finding:
    return Finding(
        Fault.WRONG_KEY,
        witness.sequence,
        f"{witness.name} is not signed by a key that is trusted here ({error}); whoever signed "
        "it, it proves nothing to you.",
        witness.where,
    )


def _forged(witness: Witness, why: str) -> Finding:
    return Finding(
        Fault.FORGED_PROOF,
        witness.sequence,
        f"{witness.name} does not hold: {why}. It proves nothing.",
        witness.where,
    )
