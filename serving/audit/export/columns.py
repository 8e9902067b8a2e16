"""The columns of each file: the envelope, who asked, what the group says, and the payload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from serving.audit.entry import Entry
from serving.audit.entry_group import EntryGroup
from serving.audit.export.column import Column, Type, of_entry, of_payload

ENVELOPE = (
    of_entry("sequence", Type.WHOLE, "place in the record, without gaps"),
    of_entry("id", Type.TEXT, "name of the entry"),
    of_entry("kind", Type.TEXT, "what it is"),
    of_entry("tenant", Type.TEXT, "whose record it is"),
    of_entry("schema", Type.WHOLE, "version of envelope and payload"),
    of_entry("recorded_at", Type.TEXT, "when, as the text that is under the hash (ISO 8601)"),
    Column("recorded", Type.MOMENT, "the same as a moment", lambda e, _: e.recorded_at),
    of_entry("about", Type.TEXT, "what it is about: a recommendation's id, or task/version"),
    of_entry("task", Type.TEXT, "task of the case; empty where there is none"),
    of_entry("site", Type.TEXT, "site of the case; empty where there is none"),
    of_entry("reference", Type.TEXT, 'the case\'s own reference, its parts joined by "/"'),
    of_entry("priority", Type.NUMBER, "probability x money at risk; 0 where there is no case"),
    of_entry("picked", Type.FLAG, "drawn for the audit sample"),
    of_entry("commitment", Type.TEXT, "sha256 of salt (as bytes) and payload"),
    of_entry("previous", Type.TEXT, "hash of the entry before"),
    of_entry("hash", Type.TEXT, "hash of this leaf of the tree (RFC 9162)"),
    Column("erased", Type.FLAG, "whether what it held was erased", lambda e, _: e.body is None),
    Column("salt", Type.TEXT, "hexadecimal; none once erased", lambda e, _: e.salt),
)
CONTEXT = (
    of_payload("trace_id", Type.TEXT, "W3C trace of the request", "context.trace_id"),
    of_payload("caller", Type.TEXT, "who asked", "context.caller"),
    of_payload("idempotency_key", Type.TEXT, "as the caller gave it", "context.idempotency_key"),
    of_payload("code_version", Type.TEXT, "code that wrote it", "context.code_version"),
    of_payload("monotonic_ns", Type.WHOLE, "clock of that process", "context.monotonic_ns"),
)
PAYLOAD = (
    Column("payload", Type.TEXT, "all that was recorded, RFC 8785 JSON", lambda e, _: e.body),
)


def _codes(_: Entry, payload: Any) -> str | None:
    """Codes of the abstentions, with spaces between them."""
    advice = (payload or {}).get("recommendation")
    return None if advice is None else " ".join(a["code"] for a in advice.get("abstentions", ()))


def _down(_: Entry, payload: Any) -> str | None:
    """Codes of why better rungs of the ladder were left, with spaces between them."""
    advice = (payload or {}).get("recommendation")
    return None if advice is None else " ".join(a["code"] for a in advice.get("rung_reasons", ()))


def _pages(_: Entry, payload: Any) -> int | None:
    """How many pages of the report had been given by then."""
    shown = (payload or {}).get("shown")
    return None if shown is None else len(shown["reports"])


def _advice(name: str, kind: Type, meaning: str, path: str = "") -> Column:
    return of_payload(name, kind, meaning, f"recommendation.{path or name}")


ANSWERS = (
    _advice("asked_at", Type.MOMENT, "moment the question is about"),
    _advice("answered_at", Type.MOMENT, "when it was answered"),
    _advice("rung", Type.TEXT, "how it was made: champion, previous, rules or no_score"),
    Column("rung_reasons", Type.TEXT, "codes of why not better, with spaces between", _down),
    _advice("sentence", Type.TEXT, "what was said"),
    _advice("explained_class", Type.TEXT, "class that was explained"),
    _advice("probability", Type.NUMBER, "of that class"),
    _advice("interval_low", Type.NUMBER, "lower end of the 90 % interval", "interval.low"),
    _advice("interval_high", Type.NUMBER, "upper end of the 90 % interval", "interval.high"),
    _advice("exception_probability", Type.NUMBER, "that anything goes wrong"),
    _advice("level", Type.TEXT, "act, watch or none"),
    _advice("route", Type.TEXT, "role that should look at it"),
    _advice("abstained", Type.FLAG, "whether no advice was given"),
    Column("abstentions", Type.TEXT, "codes of why, with spaces between", _codes),
    _advice("flagged", Type.FLAG, "to be looked at, even had it not been drawn"),
    _advice("money_at_risk", Type.NUMBER, "in `currency`; none where it could not be told"),
    _advice("currency", Type.TEXT, "of the money at risk"),
    _advice("model_version", Type.TEXT, "model that answered", "model.version"),
    _advice("model_digest", Type.TEXT, "sha256 of that model", "model.digest"),
    of_payload("model_alias", Type.TEXT, "under which it was served", "provenance.alias"),
    of_payload("feature_schema", Type.TEXT, "sha256 of its features", "provenance.feature_schema"),
    _advice("policy_version", Type.TEXT, "policy that was applied", "policy.version"),
    _advice("policy_digest", Type.TEXT, "sha256 of that policy", "policy.digest"),
    _advice("features_as_of", Type.TEXT, "day up to which history was known"),
    _advice("snapshot_id", Type.TEXT, "snapshot of that history"),
)
DECISIONS = (
    of_payload("recommendation_id", Type.TEXT, "recommendation that was decided on"),
    of_payload("action", Type.TEXT, "what was done with it"),
    of_payload("resolved_as", Type.TEXT, "what it ended as"),
    of_payload("role", Type.TEXT, "role of who decided"),
    of_payload("person", Type.TEXT, "keyed pseudonym of who decided"),
    of_payload("reason", Type.TEXT, "why, in the person's words"),
    of_payload("happened_at", Type.MOMENT, "when it was decided"),
    of_payload("shown_sequence", Type.WHOLE, "entry of the answer shown", "shown.sequence"),
    of_payload("shown_at", Type.MOMENT, "when the person saw it, as told", "shown.shown_at"),
    Column("reports_given", Type.WHOLE, "pages of its report given until then", _pages),
)
CHANGES = (
    of_payload("version", Type.TEXT, "version of the model or policy now in force"),
    of_payload("digest", Type.TEXT, "its sha256"),
    of_payload("previous_version", Type.TEXT, "model version before it", "previous.version"),
    of_payload("before", Type.TEXT, "sha256 of the policy before it"),
    of_payload("reason", Type.TEXT, "why, in the approver's words"),
    of_payload("approver", Type.TEXT, "keyed pseudonym of who approved", "approver.person"),
    of_payload("approver_role", Type.TEXT, "role of who approved", "approver.role"),
    of_payload("trained_by", Type.TEXT, "keyed pseudonym of who trained"),
)
OTHER = (
    of_payload("recommendation_id", Type.TEXT, "recommendation whose report was read"),
    of_payload("page_digest", Type.TEXT, "sha256 of the page that was given"),
    of_payload("ground", Type.TEXT, "why something was erased: request, person, retention"),
    of_payload("reason", Type.TEXT, "the same in words"),
    of_payload("by", Type.TEXT, "keyed pseudonym of who erased"),
    of_payload("count", Type.WHOLE, "how many entries were erased"),
    of_payload("note", Type.TEXT, "signed checkpoint (C2SP)"),
)
OF_GROUP: Mapping[EntryGroup, tuple[Column, ...]] = {
    EntryGroup.ANSWERS: ANSWERS,
    EntryGroup.DECISIONS: DECISIONS,
    EntryGroup.CHANGES: CHANGES,
    EntryGroup.OTHER: OTHER,
}


def columns(group: EntryGroup) -> tuple[Column, ...]:
    """All columns of the group's file, in order."""
    return (*ENVELOPE, *CONTEXT, *OF_GROUP[group], *PAYLOAD)


def row(given: Sequence[Column], entry: Entry, payload: Any) -> list[Any]:
    """An entry as a row of typed values. payload: what it holds; None once erased."""
    return [_typed(column.type, column.read(entry, payload)) for column in given]


def _typed(kind: Type, value: Any) -> Any:
    match kind:
        case Type.MOMENT if value is not None:
            return datetime.fromisoformat(value)
        case Type.NUMBER if value is not None:
            return float(value)
        case _:
            return value
