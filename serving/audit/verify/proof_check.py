"""Check a proof file offline: no database, no lake, no network."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.entry import ENVELOPE_FIELDS, payload_commitment
from serving.audit.transparency.checkpoint import Checkpoint, open_checkpoint
from serving.audit.transparency.merkle import leaf_hash, verify_inclusion
from serving.audit.transparency.note import ForgedNoteError, Verifier, WrongKeyError
from serving.audit.verify.proof_file import ProofFile


class CheckOutcome(IntEnum):
    """Outcome of a check; its value is the exit code of the command."""

    HOLDS = 0
    FORGED = 1
    NOT_COMPARED = 3


@dataclass(frozen=True)
class CheckResult:
    """Result of a check in sentences. fault: name of the check that failed; "" if none did."""

    outcome: CheckOutcome
    sentences: tuple[str, ...]
    fault: str = ""


def check_proof(raw: str | bytes, keys: Collection[Verifier]) -> CheckResult:
    """Check whether a file proves its entry under one of the keys.

    Args:
        raw: content of the file.
        keys: that the reader trusts; without any, everything but the key is checked, and the
            result names the key of the file for comparison.
    """
    try:
        proof = ProofFile.parse(raw)
    except ValueError as error:
        return _failure("no_proof", f"The file holds no proof: {error}.")
    return _check_envelope(proof) or _check_payload(proof) or _check_tree(proof, keys)


def _check_envelope(proof: ProofFile) -> CheckResult | None:
    """Return the fault of the envelope, if it has one."""
    envelope = proof.envelope.model_dump(by_alias=True)
    number = proof.envelope.sequence
    try:
        leaf = leaf_hash(
            canonicalize({name: envelope[name] for name in ENVELOPE_FIELDS}).encode()
        ).hex()
    except ValueError as error:
        return _failure("envelope_edited", f"The envelope holds what none can: {error}.")
    if not hmac.compare_digest(leaf, proof.hash):
        return _failure(
            "envelope_edited",
            f"The envelope of entry {number} was changed: its hash is {leaf[:16]}..., and the file "
            f"says {proof.hash[:16]}....",
        )
    if proof.index != number - 1:
        return _failure(
            "forged_proof", f"Entry {number} is leaf {number - 1}, not leaf {proof.index}."
        )
    return None


def _check_payload(proof: ProofFile) -> CheckResult | None:
    """Return the fault of the payload, if the file holds one that is wrong."""
    if (proof.payload is None) != (proof.salt is None):
        return _failure("payload_edited", "Payload and salt come together or not at all.")
    if proof.payload is None:
        return None
    try:
        made = payload_commitment(proof.salt or "", canonicalize(proof.payload))
    except (ValueError, RecursionError):
        made = ""
    if not hmac.compare_digest(made, proof.envelope.commitment):
        return _failure(
            "payload_edited",
            f"The payload or the salt of entry {proof.envelope.sequence} was changed: it is "
            "not what the envelope names by its digest.",
        )
    return None


def _check_tree(proof: ProofFile, keys: Collection[Verifier]) -> CheckResult:
    """Check that the signed tree holds the entry."""
    try:
        trusted = keys or ([Verifier.parse(proof.key)] if proof.key else [])
        checkpoint = open_checkpoint(proof.checkpoint, trusted)
    except WrongKeyError as error:
        if not keys and not proof.key:
            return _failure("wrong_key", f"The file names no key and none was given: {error}.")
        return _failure("wrong_key", f"The checkpoint is not signed by that key: {error}.")
    except ForgedNoteError as error:
        return _failure("forged_proof", f"The checkpoint does not hold: {error}.")
    except ValueError as error:
        return _failure("forged_proof", f"The checkpoint or the key cannot be read: {error}.")
    return _check_path(proof, checkpoint) or _success_result(
        proof, checkpoint, trusted, compared=bool(keys)
    )


def _check_path(proof: ProofFile, checkpoint: Checkpoint) -> CheckResult | None:
    if (checkpoint.origin, checkpoint.size) != (proof.origin, proof.size):
        return _failure(
            "forged_proof",
            f"The file says log {proof.origin!r} at size {proof.size}; its signed checkpoint is of "
            f"{checkpoint.origin!r} at size {checkpoint.size}.",
        )
    path = [bytes.fromhex(one) for one in proof.path]
    leaf = bytes.fromhex(proof.hash)
    if not verify_inclusion(leaf, proof.index, proof.size, path, checkpoint.root):
        return _failure(
            "forged_proof",
            f"The path does not lead from entry {proof.envelope.sequence} to the signed root: the "
            "proof was forged, or it is of another entry or another tree.",
        )
    return None


def _success_result(
    proof: ProofFile, checkpoint: Checkpoint, keys: Collection[Verifier], *, compared: bool
) -> CheckResult:
    envelope = proof.envelope
    of = "its envelope and its payload" if proof.payload is not None else "its envelope only"
    names = " or ".join(key.label for key in keys)
    entry = f"Entry {envelope.sequence} ({_printable(envelope.kind)} {_printable(envelope.id)})"
    first = (
        f"{entry} of log {checkpoint.origin} was in the tree of {checkpoint.size} entries, "
        f"signed by key {names}. The proof covers {of}."
    )
    if compared:
        return CheckResult(CheckOutcome.HOLDS, (first,))
    return CheckResult(
        CheckOutcome.NOT_COMPARED,
        (
            f"The file is well formed, and holds if the key in it is the log's: {first}",
            f"Compare the key with one that you have from elsewhere: {proof.key}",
            "Give that one with --key; a file that brings its own key proves nothing by itself.",
        ),
    )


def _printable(text: str) -> str:
    """A text from the file without what would move a terminal's cursor."""
    return "".join(c if c.isprintable() else "?" for c in text[:200])


def _failure(fault: str, sentence: str) -> CheckResult:
    return CheckResult(CheckOutcome.FORGED, (sentence,), fault)
