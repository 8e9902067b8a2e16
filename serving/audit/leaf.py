"""The hash of a leaf, straight from the values of an envelope: many of them, quickly."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from json.encoder import encode_basestring as text
from typing import Any

from serving.audit.canonical import EXACT, canonical


def leaf(row: Sequence[Any]) -> bytes:
    """RFC 9162 hash of the leaf whose content is the canonical JSON of an envelope.

    row: the envelope's values in the order of its names, which is the alphabet's.

    Raises:
        TypeError, ValueError: a value that is never recorded in its place.
    """
    (about, commitment, name, kind, picked, previous, priority, at, reference, schema) = row[:10]
    (sequence, site, task, tenant) = row[10:14]
    if type(schema) is not int or type(sequence) is not int or type(priority) is not float:
        raise TypeError(f"schema, sequence or priority is no number: {row!r}")
    if picked not in {0, 1} or abs(schema) >= EXACT or abs(sequence) >= EXACT:
        raise ValueError(f"picked, schema or sequence is none: {row!r}")
    return sha256(
        (
            f'\0{{"about":{text(about)},"commitment":{text(commitment)},"id":{text(name)},'
            f'"kind":{text(kind)},"picked":{"true" if picked else "false"},'
            f'"previous":{text(previous)},"priority":{canonical(priority)},'
            f'"recorded_at":{text(at)},"reference":{text(reference)},"schema":{schema},'
            f'"sequence":{sequence},"site":{text(site)},"task":{text(task)},'
            f'"tenant":{text(tenant)}}}'
        ).encode()
    ).digest()
