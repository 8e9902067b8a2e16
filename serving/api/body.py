"""Request bodies: JSON only, and no larger than the service allows."""

from __future__ import annotations

from starlette.requests import Request

from serving.api.problems import Problem

MOST_LET_GO = 100 * 2**20  # bytes of a body over the limit that are read before it is refused


async def read_body(request: Request) -> bytes:
    """The body, never held in memory beyond the limit.

    Raises:
        Problem: 415 for anything but JSON, 413 for a body over the limit.
    """
    kind = request.headers.get("content-type", "")
    if kind.split(";")[0].strip().lower() != "application/json":
        raise Problem(415, f"content type is {kind or 'missing'!r}; it must be application/json")
    limit: int = request.app.state.max_body_bytes
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        await _let_go(request, MOST_LET_GO - limit)
        raise _too_large(limit)
    return await _collected(request, limit)


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
    return Problem(413, f"the body is over {limit} bytes", mend="send fewer cases at a time")
