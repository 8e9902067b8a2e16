"""A column of an export: name, type, what it means, and where in an entry it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from serving.audit.entry import Entry

Payload = Any
"""What an entry holds, read back; None once erased."""
Read = Callable[[Entry, Payload], Any]


class Type(StrEnum):
    """Type of a column. MOMENT: UTC, to the microsecond. NUMBER: a double. WHOLE: 64 bits."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    FLAG = "true or false"
    MOMENT = "moment, UTC"


@dataclass(frozen=True)
class Column:
    """One column. read: its value, None where an entry does not say."""

    name: str
    type: Type
    meaning: str
    read: Read


def of_entry(name: str, kind: Type, meaning: str) -> Column:
    """A column with a field of the envelope, or of the entry itself."""

    def read(entry: Entry, _: Payload) -> Any:
        return getattr(entry.envelope, name, None) if name != "hash" else entry.hash

    return Column(name, kind, meaning, read)


def of_payload(name: str, kind: Type, meaning: str, path: str = "") -> Column:
    """A column with what the payload says at `path` (`recommendation.model.version`)."""
    parts = (path or name).split(".")

    def read(_: Entry, payload: Payload) -> Any:
        for part in parts:
            payload = payload.get(part) if isinstance(payload, dict) else None
        if isinstance(payload, list | dict):
            return None
        return str(payload) if kind is Type.TEXT and payload is not None else payload

    return Column(name, kind, meaning, read)
