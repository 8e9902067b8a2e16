"""Read request bodies: JSON only, limited in size and depth, without duplicate fields."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from serving.http.problems import Problem
from serving.http.validation_errors import field_path

MAX_DISCARDED_BYTES = (
    100 * 2**20
)  # bytes of a body over the limit that are read before it is refused
MAX_DEPTH = 32
LARGE_BODY_BYTES = 64 * 2**10
"""Bytes from which a body is checked on another thread than the event loop's."""
JSON_MEDIA_TYPE = "application/json"
CONTENT_TYPE_PATTERN = re.compile(r'application/json(\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)
ESCAPE_PATTERN = re.compile(rb"\\.", re.DOTALL)
NON_STRUCTURAL_BYTES = bytes(sorted(set(range(256)) - set(b'[]{}"')))


class DuplicateFieldError(ValueError):
    """An object names a field twice."""


async def read_body(request: Request) -> bytes:
    """Read a JSON body; no more than the limit is held in memory.

    Raises:
        Problem: 415 for anything but JSON in UTF-8, 413 for a body over the limit, 422 for one
            that is nested too deep or names a field twice.
    """
    check_content_type(request)
    limit: int = request.app.state.max_body_bytes
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        await _discard(request, MAX_DISCARDED_BYTES - limit)
        raise _too_large_problem(limit)
    body = await read_within_limit(request, limit)
    if body is None:
        raise _too_large_problem(limit)
    if len(body) < LARGE_BODY_BYTES:
        check_unambiguous(body)
    else:
        await run_in_threadpool(check_unambiguous, body)
    return body


def check_content_type(request: Request) -> None:
    """Refuse a body that is not JSON in UTF-8, or that is compressed.

    Raises:
        Problem: 415, with the header, what it got and what it takes.
    """
    kind = request.headers.get("content-type", "")
    if not CONTENT_TYPE_PATTERN.fullmatch(kind):
        got = kind[:100] or "missing"
        field = {"field": "Content-Type", "got": kind[:100] or "nothing", "takes": JSON_MEDIA_TYPE}
        raise Problem(
            415, f"content type is {got!r}; it must be {JSON_MEDIA_TYPE} (in UTF-8)", [field]
        )
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        field = {"field": "Content-Encoding", "got": encoding[:100], "takes": "none, or identity"}
        detail = f"content encoding is {encoding[:100]!r}; a body is sent as it is"
        raise Problem(415, detail, [field])


def check_unambiguous(body: bytes) -> None:
    """Refuse a body that two parsers could read differently, or that is nested without end.

    Whether it is JSON at all, and has the right fields, is checked when it is parsed.

    Raises:
        Problem: 422 for a field that is named twice, or nesting over 32 levels.
    """
    if exceeds_depth(body, MAX_DEPTH):
        takes = f"objects and lists in at most {MAX_DEPTH} levels"
        raise _unreadable_problem("(body)", f"more than {MAX_DEPTH} levels", takes)
    try:
        STRICT_DECODER.decode(body.decode())
    except DuplicateFieldError:
        raise _unreadable_problem(
            _first_duplicate(body), "the same field twice", "each field once"
        ) from None
    except (ValueError, RecursionError):
        return


def exceeds_depth(body: bytes, most: int) -> bool:
    """Return whether lists and objects are nested in more than so many levels."""
    bare = ESCAPE_PATTERN.sub(b"", body) if b"\\" in body else body
    brackets = left = b"".join(bare.translate(None, NON_STRUCTURAL_BYTES).split(b'"')[::2])
    # Shallow bodies vanish after a few passes over the whole text; only deep ones are counted.
    for _ in range(most // 2):
        if not left:
            return False
        left = left.replace(b"[]", b"").replace(b"{}", b"")
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        if not 0 <= depth <= most:
            return depth > most
    return False


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise DuplicateFieldError


STRICT_DECODER = json.JSONDecoder(object_pairs_hook=_reject_duplicates)


class _Pairs(list[tuple[str, Any]]):
    """The fields of an object, duplicates included."""


def _first_duplicate(body: bytes) -> str:
    """Return the path of the first field that is named twice."""
    found = json.JSONDecoder(object_pairs_hook=_Pairs).decode(body.decode())
    return field_path(_find_duplicate(found, ()) or ())


def _find_duplicate(value: Any, at: tuple[int | str, ...]) -> tuple[int | str, ...] | None:
    names = set[str]()
    if isinstance(value, _Pairs):
        for name, _ in value:
            if name in names:
                return (*at, name[:100])
            names.add(name)
    inner: Sequence[tuple[int | str, Any]] = []
    if isinstance(value, list):
        inner = list(value) if isinstance(value, _Pairs) else list(enumerate(value))
    return next(filter(None, (_find_duplicate(part, (*at, name)) for name, part in inner)), None)


async def read_within_limit(request: Request, limit: int) -> bytes | None:
    """Read a body of any type; None if it has more bytes than the limit.

    The rest is read and discarded: a caller that is still sending would miss the response.
    """
    chunks, size = list[bytes](), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > MAX_DISCARDED_BYTES:
            break
    return b"".join(chunks) if size <= limit else None


async def _discard(request: Request, most: int) -> None:
    """Read the rest and keep nothing: a caller that is still sending would miss the answer."""
    async for chunk in request.stream():
        most -= len(chunk)
        if most < 0:
            return


def _too_large_problem(limit: int) -> Problem:
    field = {"field": "(body)", "got": f"more than {limit} bytes", "takes": f"{limit} bytes"}
    return Problem(413, f"the body is over {limit} bytes", [field], "send fewer cases at a time")


def _unreadable_problem(field: str, got: str, takes: str) -> Problem:
    return Problem(422, "1 field cannot be read", [{"field": field, "got": got, "takes": takes}])
