"""Columns of the export files: name, type, meaning, and where the value is read from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from serving.audit.log.entry import Entry
from serving.audit.log.entry_kind import EntryGroup

Payload = Any
"""Payload of an entry; None once erased."""
ColumnReader = Callable[[Entry, Payload], Any]


class ColumnType(StrEnum):
    """Type of a column. MOMENT: UTC, to the microsecond. NUMBER: a double. WHOLE: 64 bits."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    FLAG = "true or false"
    MOMENT = "moment, UTC"


@dataclass(frozen=True)
class Column:
    """One column of an export file.

    Attributes:
        name: of the column.
        type: of its values.
        meaning: in words, for the manifest.
        read: returns the value of an entry; None if the entry has none.
    """

    name: str
    type: ColumnType
    meaning: str
    read: ColumnReader


def envelope_column(name: str, kind: ColumnType, meaning: str) -> Column:
    """Return a column of an envelope field, or of the hash of the entry."""

    def read(entry: Entry, _: Payload) -> Any:
        return getattr(entry.envelope, name, None) if name != "hash" else entry.hash

    return Column(name, kind, meaning, read)


def payload_column(name: str, kind: ColumnType, meaning: str, path: str = "") -> Column:
    """Return a column of the payload value at `path` (`recommendation.model.version`)."""
    parts = (path or name).split(".")

    def read(_: Entry, payload: Payload) -> Any:
        for part in parts:
            payload = payload.get(part) if isinstance(payload, dict) else None
        if isinstance(payload, list | dict):
            return None
        return str(payload) if kind is ColumnType.TEXT and payload is not None else payload

    return Column(name, kind, meaning, read)


ENVELOPE_COLUMNS = (
    envelope_column("sequence", ColumnType.WHOLE, "place in the record, without gaps"),
    envelope_column("id", ColumnType.TEXT, "name of the entry"),
    envelope_column("kind", ColumnType.TEXT, "what it is"),
    envelope_column("tenant", ColumnType.TEXT, "whose record it is"),
    envelope_column("schema", ColumnType.WHOLE, "version of envelope and payload"),
    envelope_column(
        "recorded_at", ColumnType.TEXT, "when, as the text that is under the hash (ISO 8601)"
    ),
    Column("recorded", ColumnType.MOMENT, "the same as a moment", lambda e, _: e.recorded_at),
    envelope_column(
        "about", ColumnType.TEXT, "what it is about: a recommendation's id, or task/version"
    ),
    envelope_column("task", ColumnType.TEXT, "task of the case; empty where there is none"),
    envelope_column("site", ColumnType.TEXT, "site of the case; empty where there is none"),
    envelope_column(
        "reference", ColumnType.TEXT, 'the case\'s own reference, its parts joined by "/"'
    ),
    envelope_column(
        "priority", ColumnType.NUMBER, "probability x money at risk; 0 where there is no case"
    ),
    envelope_column("picked", ColumnType.FLAG, "drawn for the audit sample"),
    envelope_column("commitment", ColumnType.TEXT, "sha256 of salt (as bytes) and payload"),
    envelope_column("previous", ColumnType.TEXT, "hash of the entry before"),
    envelope_column("hash", ColumnType.TEXT, "hash of this leaf of the tree (RFC 9162)"),
    Column(
        "erased", ColumnType.FLAG, "whether what it held was erased", lambda e, _: e.body is None
    ),
    Column("salt", ColumnType.TEXT, "hexadecimal; none once erased", lambda e, _: e.salt),
)
CONTEXT_COLUMNS = (
    payload_column("trace_id", ColumnType.TEXT, "W3C trace of the request", "context.trace_id"),
    payload_column("caller", ColumnType.TEXT, "who asked", "context.caller"),
    payload_column(
        "idempotency_key", ColumnType.TEXT, "as the caller gave it", "context.idempotency_key"
    ),
    payload_column("code_version", ColumnType.TEXT, "code that wrote it", "context.code_version"),
    payload_column(
        "monotonic_ns", ColumnType.WHOLE, "clock of that process", "context.monotonic_ns"
    ),
)
PAYLOAD_COLUMNS = (
    Column("payload", ColumnType.TEXT, "all that was recorded, RFC 8785 JSON", lambda e, _: e.body),
)


def _abstention_codes(_: Entry, payload: Any) -> str | None:
    """Return the codes of the abstentions, separated by spaces."""
    advice = (payload or {}).get("recommendation")
    return None if advice is None else " ".join(a["code"] for a in advice.get("abstentions", ()))


def _rung_reason_codes(_: Entry, payload: Any) -> str | None:
    """Return the codes of the reasons against better rungs, separated by spaces."""
    advice = (payload or {}).get("recommendation")
    return None if advice is None else " ".join(a["code"] for a in advice.get("rung_reasons", ()))


def _reports_given(_: Entry, payload: Any) -> int | None:
    """Return how often the report had been shown by then."""
    shown = (payload or {}).get("shown")
    return None if shown is None else len(shown["reports"])


def _recommendation_column(name: str, kind: ColumnType, meaning: str, path: str = "") -> Column:
    return payload_column(name, kind, meaning, f"recommendation.{path or name}")


ANSWER_COLUMNS = (
    _recommendation_column("asked_at", ColumnType.MOMENT, "moment the question is about"),
    _recommendation_column("answered_at", ColumnType.MOMENT, "when it was answered"),
    _recommendation_column(
        "rung", ColumnType.TEXT, "how it was made: champion, previous, rules or no_score"
    ),
    Column(
        "rung_reasons",
        ColumnType.TEXT,
        "codes of why not better, with spaces between",
        _rung_reason_codes,
    ),
    _recommendation_column("sentence", ColumnType.TEXT, "what was said"),
    _recommendation_column("explained_class", ColumnType.TEXT, "class that was explained"),
    _recommendation_column("probability", ColumnType.NUMBER, "of that class"),
    _recommendation_column(
        "interval_low", ColumnType.NUMBER, "lower end of the 90 % interval", "interval.low"
    ),
    _recommendation_column(
        "interval_high", ColumnType.NUMBER, "upper end of the 90 % interval", "interval.high"
    ),
    _recommendation_column("exception_probability", ColumnType.NUMBER, "that anything goes wrong"),
    _recommendation_column("level", ColumnType.TEXT, "act, watch or none"),
    _recommendation_column("route", ColumnType.TEXT, "role that should look at it"),
    _recommendation_column("abstained", ColumnType.FLAG, "whether no advice was given"),
    Column("abstentions", ColumnType.TEXT, "codes of why, with spaces between", _abstention_codes),
    _recommendation_column(
        "flagged", ColumnType.FLAG, "to be looked at, even had it not been drawn"
    ),
    _recommendation_column(
        "money_at_risk", ColumnType.NUMBER, "in `currency`; none where it could not be told"
    ),
    _recommendation_column("currency", ColumnType.TEXT, "of the money at risk"),
    _recommendation_column(
        "model_version", ColumnType.TEXT, "model that answered", "model.version"
    ),
    _recommendation_column("model_digest", ColumnType.TEXT, "sha256 of that model", "model.digest"),
    payload_column("model_alias", ColumnType.TEXT, "under which it was served", "provenance.alias"),
    payload_column(
        "feature_schema", ColumnType.TEXT, "sha256 of its features", "provenance.feature_schema"
    ),
    _recommendation_column(
        "policy_version", ColumnType.TEXT, "policy that was applied", "policy.version"
    ),
    _recommendation_column(
        "policy_digest", ColumnType.TEXT, "sha256 of that policy", "policy.digest"
    ),
    _recommendation_column("features_as_of", ColumnType.TEXT, "day up to which history was known"),
    _recommendation_column("snapshot_id", ColumnType.TEXT, "snapshot of that history"),
)
DECISION_COLUMNS = (
    payload_column("recommendation_id", ColumnType.TEXT, "recommendation that was decided on"),
    payload_column("action", ColumnType.TEXT, "what was done with it"),
    payload_column("resolved_as", ColumnType.TEXT, "what it ended as"),
    payload_column("role", ColumnType.TEXT, "role of who decided"),
    payload_column("person", ColumnType.TEXT, "keyed pseudonym of who decided"),
    payload_column("reason", ColumnType.TEXT, "why, in the person's words"),
    payload_column("happened_at", ColumnType.MOMENT, "when it was decided"),
    payload_column(
        "shown_sequence", ColumnType.WHOLE, "entry of the answer shown", "shown.sequence"
    ),
    payload_column(
        "shown_at", ColumnType.MOMENT, "when the person saw it, as told", "shown.shown_at"
    ),
    Column(
        "reports_given", ColumnType.WHOLE, "pages of its report given until then", _reports_given
    ),
)
CHANGE_COLUMNS = (
    payload_column("version", ColumnType.TEXT, "version of the model or policy now in force"),
    payload_column("digest", ColumnType.TEXT, "its sha256"),
    payload_column(
        "previous_version", ColumnType.TEXT, "model version before it", "previous.version"
    ),
    payload_column("before", ColumnType.TEXT, "sha256 of the policy before it"),
    payload_column("reason", ColumnType.TEXT, "why, in the approver's words"),
    payload_column(
        "approver", ColumnType.TEXT, "keyed pseudonym of who approved", "approver.person"
    ),
    payload_column("approver_role", ColumnType.TEXT, "role of who approved", "approver.role"),
    payload_column("trained_by", ColumnType.TEXT, "keyed pseudonym of who trained"),
)
OTHER_COLUMNS = (
    payload_column("recommendation_id", ColumnType.TEXT, "recommendation whose report was read"),
    payload_column("page_digest", ColumnType.TEXT, "sha256 of the page that was given"),
    payload_column(
        "ground", ColumnType.TEXT, "why something was erased: request, person, retention"
    ),
    payload_column("reason", ColumnType.TEXT, "the same in words"),
    payload_column("by", ColumnType.TEXT, "keyed pseudonym of who erased"),
    payload_column("count", ColumnType.WHOLE, "how many entries were erased"),
    payload_column("note", ColumnType.TEXT, "signed checkpoint (C2SP)"),
)
GROUP_COLUMNS: Mapping[EntryGroup, tuple[Column, ...]] = {
    EntryGroup.ANSWERS: ANSWER_COLUMNS,
    EntryGroup.DECISIONS: DECISION_COLUMNS,
    EntryGroup.CHANGES: CHANGE_COLUMNS,
    EntryGroup.OTHER: OTHER_COLUMNS,
}


def columns_of_group(group: EntryGroup) -> tuple[Column, ...]:
    """Return all columns of the file of a group, in order."""
    return (*ENVELOPE_COLUMNS, *CONTEXT_COLUMNS, *GROUP_COLUMNS[group], *PAYLOAD_COLUMNS)


def export_row(columns: Sequence[Column], entry: Entry, payload: Any) -> list[Any]:
    """Return an entry as a row of typed values. payload: of the entry; None once erased."""
    return [_to_column_type(column.type, column.read(entry, payload)) for column in columns]


def _to_column_type(kind: ColumnType, value: Any) -> Any:
    match kind:
        case ColumnType.MOMENT if value is not None:
            return datetime.fromisoformat(value)
        case ColumnType.NUMBER if value is not None:
            return float(value)
        case _:
            return value
