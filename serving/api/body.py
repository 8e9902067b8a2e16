"""Request bodies: JSON only, of one meaning, and no larger or deeper than the service allows."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from serving.api.problems import Problem, path

MOST_LET_GO = 100 * 2**20  # bytes of a body over the limit that are read before it is refused
DEEPEST = 32
LARGE = 64 * 2**10
"""Bytes from which a body is looked through on another thread than the one that takes requests."""
TYPE = "application/json"
TAKES_TYPE = re.compile(r'application/json(\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)
ESCAPED = re.compile(rb"\\.", re.DOTALL)
BUT_STRUCTURE = bytes(sorted(set(range(256)) - set(b'[]{}"')))


class RepeatedError(ValueError):
    """An object names a field twice."""


async def read_body(request: Request) -> bytes:
    """The body, never held in memory beyond the limit.

    Raises:
        Problem: 415 for anything but JSON in UTF-8, 413 for a body over the limit, 422 for one
            that is nested too deep or names a field twice.
    """
    only_json(request)
    limit: int = request.app.state.max_body_bytes
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        await _let_go(request, MOST_LET_GO - limit)
        raise _too_large(limit)
    body = await _collected(request, limit)
    if len(body) < LARGE:
        of_one_meaning(body)
    else:
        await run_in_threadpool(of_one_meaning, body)
    return body


def only_json(request: Request) -> None:
    """Refuse a body of another type, another character set, or packed.

    Raises:
        Problem: 415, with the header, what it got and what it takes.
    """
    kind = request.headers.get("content-type", "")
    if not TAKES_TYPE.fullmatch(kind):
        got = kind[:100] or "missing"
        told = {"field": "Content-Type", "got": kind[:100] or "nothing", "takes": TYPE}
        raise Problem(415, f"content type is {got!r}; it must be {TYPE} (in UTF-8)", [told])
    packed = request.headers.get("content-encoding", "identity")
    if packed.strip().lower() != "identity":
        told = {"field": "Content-Encoding", "got": packed[:100], "takes": "none, or identity"}
        detail = f"content encoding is {packed[:100]!r}; a body is sent as it is"
        raise Problem(415, detail, [told])


def of_one_meaning(body: bytes) -> None:
    """Refuse what two readers could read in two ways, or none without end.

    Whether it is JSON at all, and of the right fields, is for whoever reads it to say.

    Raises:
        Problem: 422 for a field that is named twice, or nesting over 32 levels.
    """
    if depth_over(body, DEEPEST):
        takes = f"objects and lists in at most {DEEPEST} levels"
        raise _unreadable("(body)", f"more than {DEEPEST} levels", takes)
    try:
        ONCE.decode(body.decode())
    except RepeatedError:
        raise _unreadable(_repeated(body), "the same field twice", "each field once") from None
    except (ValueError, RecursionError):
        return


def depth_over(body: bytes, most: int) -> bool:
    """Whether lists and objects are nested in more than so many levels."""
    bare = ESCAPED.sub(b"", body) if b"\\" in body else body
    brackets = left = b"".join(bare.translate(None, BUT_STRUCTURE).split(b'"')[::2])
    # What is not deep is gone after a few passes over all of it at once; the rest is counted.
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


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise RepeatedError


ONCE = json.JSONDecoder(object_pairs_hook=_once)


class _Pairs(list[tuple[str, Any]]):
    """The fields of an object, as often as it names them."""


def _repeated(body: bytes) -> str:
    """Path of the first field that is named twice."""
    found = json.JSONDecoder(object_pairs_hook=_Pairs).decode(body.decode())
    return path(_search(found, ()) or ())


def _search(value: Any, at: tuple[int | str, ...]) -> tuple[int | str, ...] | None:
    names = set[str]()
    if isinstance(value, _Pairs):
        for name, _ in value:
            if name in names:
                return (*at, name[:100])
            names.add(name)
    inner: Sequence[tuple[int | str, Any]] = []
    if isinstance(value, list):
        inner = list(value) if isinstance(value, _Pairs) else list(enumerate(value))
    return next(filter(None, (_search(part, (*at, name)) for name, part in inner)), None)


async def _collected(request: Request, limit: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            await _let_go(request, MOST_LET_GO - size)
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


async def _let_go(request: Request, most: int) -> None:
    """Read what still comes and keep nothing: a caller that is sending would miss the answer."""
    async for chunk in request.stream():
        most -= len(chunk)
        if most < 0:
            return


def _too_large(limit: int) -> Problem:
    told = {"field": "(body)", "got": f"more than {limit} bytes", "takes": f"{limit} bytes"}
    return Problem(413, f"the body is over {limit} bytes", [told], "send fewer cases at a time")


def _unreadable(field: str, got: str, takes: str) -> Problem:
    return Problem(422, "1 field cannot be read", [{"field": field, "got": got, "takes": takes}])
