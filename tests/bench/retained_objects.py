"""Objects that the service retains after many requests, as the garbage collector counts them.

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

from fastapi import FastAPI

from models.tasks.stock_risk import STOCK_RISK
from serving.http.app import create_app
from serving.pipeline.engine import load_engine
from serving.runtime.settings import ServiceSettings
from serving.tasks.catalogue import SERVED_TASKS
from serving.telemetry.metrics import Metrics
from serving.telemetry.service_telemetry import ServiceTelemetry
from serving.telemetry.traces import Tracer
from tests.support.event_loops import run_coroutine
from tests.support.open_access import ALLOW_EVERY_CALLER
from tests.support.synthetic_lake import example_case, make_lake

TASK = STOCK_RISK.name
AT_ONCE = 16
BYTES = 2**20


@contextmanager
def service(home: Path) -> Iterator[FastAPI]:
    """Run the application that answers scoring requests, with a model of its own."""
    lake = make_lake(home, (TASK,))
    tasks = SERVED_TASKS
    telemetry = ServiceTelemetry(
        Metrics({n: t.task.classes for n, t in tasks.items()}), Tracer(None), False
    )
    engine = load_engine(ServiceSettings(home=lake.home), lambda: datetime.now(UTC))
    engine = replace(engine, observer=telemetry)
    app = create_app(tasks)
    app.state.authenticator, app.state.engine, app.state.telemetry = (
        ALLOW_EVERY_CALLER,
        engine,
        telemetry,
    )
    app.state.max_body_bytes = BYTES
    with closing(engine.audit):
        yield app


def retained_objects_after(app: FastAPI, requests: list[int]) -> list[int]:
    """Return the number of live objects after each batch of requests."""
    return run_coroutine(lambda: _counted(app, requests))


async def _counted(app: FastAPI, requests: list[int]) -> list[int]:
    counts = []
    for count in requests:
        for i in range(0, count, AT_ONCE):
            await asyncio.gather(*(_ask(app, 7 + j) for j in range(min(AT_ONCE, count - i))))
        await asyncio.sleep(0)
        gc.collect()
        counts.append(len(gc.get_objects()))
    return counts


async def _ask(app: FastAPI, number: int) -> None:
    """Send one request, check its status and discard the answer.

    Raises:
        ValueError: it is answered with anything but 200.
    """
    body = json.dumps({"cases": [example_case(TASK, number)]}).encode()
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

    await app(scope, receive, send)
    if statuses != [200]:
        raise ValueError(f"answered with {statuses}")
