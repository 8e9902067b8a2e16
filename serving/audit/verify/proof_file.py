"""The file that proves one entry to whoever has the log's key, and nothing else of the log."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from serving.audit.canonical import EXACT

FORMAT = "exception-triage/audit-proof/1"
MOST_BYTES = 64 * 2**20
MOST_PATH = 64
"""A path has a hash a level; a log has fewer than 2**53 entries."""

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Salt = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Text = Annotated[str, StringConstraints(max_length=10_000)]
Whole = Annotated[int, Field(ge=0, lt=EXACT)]


class Strict(BaseModel):
    """Nothing is converted, nothing is left over."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class EnvelopeInFile(Strict):
    """The envelope of an entry; see `serving.audit.entry.Envelope`."""

    about: Text
    commitment: Hash
    id: Text
    kind: Text
    picked: bool
    previous: Hash
    priority: float
    recorded_at: Text
    reference: Text
    schema_: Whole = Field(alias="schema")
    sequence: Whole
    site: Text
    task: Text
    tenant: Text


class ProofFile(Strict):
    """What a proof file holds.

    hash: of the entry's leaf. index: of the leaf, from 0. size: of the tree. path: from the leaf
    to the root, hexadecimal. checkpoint: signed note of that tree. key: verifier key of who
    signed, as the file says; to be compared, never to be trusted. salt, payload: left out
    where the proof is of the envelope only.
    """

    format: Literal["exception-triage/audit-proof/1"]
    origin: Text
    envelope: EnvelopeInFile
    hash: Hash
    salt: Salt | None = None
    payload: dict[str, Any] | None = None
    index: Whole
    size: Whole
    path: Annotated[list[Hash], Field(max_length=MOST_PATH)]
    checkpoint: Text
    key: Text | None = None

    @classmethod
    def parse(cls, raw: str | bytes) -> ProofFile:
        """The proof that a file holds.

        Raises:
            ValueError: it holds none; says what is wrong, never more than a line.
        """
        if len(raw) > MOST_BYTES:
            raise ValueError(f"a proof has at most {MOST_BYTES} bytes, not {len(raw)}")
        try:
            plain = json.loads(raw, object_pairs_hook=_object, parse_constant=_no_number)
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


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Two values under one name would let two readers see different entries."""
    made = dict[str, Any]()
    for name, value in pairs:
        if name in made:
            raise ValueError(f"{name[:100]!r} is there twice")
        made[name] = value
    return made


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")
