"""Format of the file that proves a single entry."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from serving.audit.log.canonical_json import SAFE_INTEGER_LIMIT

PROOF_FORMAT = "exception-triage/audit-proof/1"
MAX_PROOF_BYTES = 64 * 2**20
MAX_PATH_LENGTH = 64
"""A path has a hash a level; a log has fewer than 2**53 entries."""

HexHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
HexSalt = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
BoundedText = Annotated[str, StringConstraints(max_length=10_000)]
NonNegativeInteger = Annotated[int, Field(ge=0, lt=SAFE_INTEGER_LIMIT)]


class StrictModel(BaseModel):
    """Model that converts no value and forbids unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class EnvelopeModel(StrictModel):
    """The envelope of an entry; see `serving.audit.log.entry.Envelope`."""

    about: BoundedText
    commitment: HexHash
    id: BoundedText
    kind: BoundedText
    picked: bool
    previous: HexHash
    priority: float
    recorded_at: BoundedText
    reference: BoundedText
    schema_: NonNegativeInteger = Field(alias="schema")
    sequence: NonNegativeInteger
    site: BoundedText
    task: BoundedText
    tenant: BoundedText


class ProofFile(StrictModel):
    """Content of a proof file.

    Attributes:
        format: name of the format.
        origin: of the log.
        envelope: of the entry.
        hash: of the entry's leaf, hexadecimal.
        salt: of the payload; None if the proof is of the envelope only.
        payload: of the entry; None if the proof is of the envelope only.
        index: of the leaf, from 0.
        size: of the tree.
        path: from the leaf to the root, hexadecimal.
        checkpoint: signed note of that tree.
        key: verifier key as the file states it; to be compared, never to be trusted.
    """

    format: Literal["exception-triage/audit-proof/1"]
    origin: BoundedText
    envelope: EnvelopeModel
    hash: HexHash
    salt: HexSalt | None = None
    payload: dict[str, Any] | None = None
    index: NonNegativeInteger
    size: NonNegativeInteger
    path: Annotated[list[HexHash], Field(max_length=MAX_PATH_LENGTH)]
    checkpoint: BoundedText
    key: BoundedText | None = None

    @classmethod
    def parse(cls, raw: str | bytes) -> ProofFile:
        """The proof that a file holds.

        Raises:
            ValueError: it holds none; says what is wrong, never more than a line.
        """
        if len(raw) > MAX_PROOF_BYTES:
            raise ValueError(f"a proof has at most {MAX_PROOF_BYTES} bytes, not {len(raw)}")
        try:
            plain = json.loads(
                raw, object_pairs_hook=_reject_duplicate_names, parse_constant=_reject_constant
            )
        except RecursionError:
            raise ValueError("it is nested too deeply to be a proof") from None
        except ValueError as error:
            raise ValueError(f"it is no JSON: {error}") from None
        try:
            return cls.model_validate(plain)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            at = ".".join(map(str, first["loc"])) or "the file"
            raise ValueError(f"{at}: {first['msg']}") from None


def _reject_duplicate_names(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Two values under one name would let two readers see different entries."""
    made = dict[str, Any]()
    for name, value in pairs:
        if name in made:
            raise ValueError(f"{name[:100]!r} is there twice")
        made[name] = value
    return made


def _reject_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number")
