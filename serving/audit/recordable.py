"""What can be recorded, told to the caller before anything waits for it."""

from __future__ import annotations

from serving.audit.canonical import canonical
from serving.audit.entry import Draft
from serving.audit.months import A_MONTH


def body_of(draft: Draft) -> str:
    """The canonical payload of a draft that every store takes alike.

    Raises:
        ValueError: values that JSON cannot hold exactly; a NUL, which PostgreSQL refuses, or half
            a surrogate pair, which has no UTF-8, in what the entry is found by; a time that does
            not begin with year and month.
    """
    for text in (draft.id, draft.about, draft.task, draft.site, draft.reference):
        if "\0" in text:
            raise ValueError(f"{text!r} holds a NUL and cannot be recorded exactly")
        text.encode()
    if not A_MONTH.fullmatch(draft.recorded_at[:7]):
        raise ValueError(f"recorded_at is {draft.recorded_at!r}; it takes ISO 8601 in UTC")
    return canonical(draft.payload)
