"""What the service still holds after many requests: objects the garbage collector knows of.

In one process, past the network: requests come in at the ASGI application, sixteen at a time.
"""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from models.task import TaskName
from serving.api.app import application
from serving.catalogue import served
from serving.engine import start
from serving.express import Express
from serving.front import Whole
from serving.observe.metrics import Metrics
from serving.observe.traces import Traces
from serving.observe.watching import Watching
from serving.settings import Settings
from tests.anybody import ANYBODY
from tests.loops import ended
from tests.synthetic_service import case, make_lake

TASK = TaskName.STOCK_RISK
AT_ONCE = 16
BYTES = 2**20


@contextmanager
def service(home: Path) -> Iterator[Express]:
    """The application that answers scoring requests, with a model of its own."""
    lake = make_lake(home, (TASK,))
    tasks = served()
    watching = Watching(Metrics({n: t.task.classes for n, t in tasks.items()}), Traces(None), False)
    engine = start(Settings(home=lake.home), lambda: datetime.now(UTC))
    engine = replace(engine, observe=watching)
    app = application(tasks)
    app.state.gate, app.state.engine, app.state.watching = ANYBODY, engine, watching
    app.state.max_body_bytes = BYTES
    with closing(engine.audit):
        yield Express(Whole(app), app, seconds=30)


def held_after(express: Express, requests: list[int]) -> list[int]:
    """Objects there are after so many requests, and so many more, and so on."""
    return ended(lambda: _counted(express, requests))


async def _counted(express: Express, requests: list[int]) -> list[int]:
    counts = []
    for count in requests:
        for i in range(0, count, AT_ONCE):
            await asyncio.gather(*(_ask(express, 7 + j) for j in range(min(AT_ONCE, count - i))))
        await asyncio.sleep(0)
        gc.collect()
        counts.append(len(gc.get_objects()))
    return counts


async def _ask(express: Express, number: int) -> None:
    """One request; what it is answered with is looked at and let go.

    Raises:
        ValueError: it is answered with anything but 200.
    """
    body = json.dumps({"cases": [case(TASK, number)]}).encode()
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/v1/{TASK}",
        "query_string": b"",
        "client": ("127.0.0.1", 50_000),
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
    }
    statuses: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, object]) -> None:
        statuses.extend(v for k, v in message.items() if k == "status")

    await express(scope, receive, send)
    if statuses != [200]:
        raise ValueError(f"answered with {statuses}")
