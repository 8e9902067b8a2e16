"""Micro-batcher: process together the requests that arrive while a batch is running.

Features, scoring and the commit cost hardly more for sixteen cases than for one. No request
waits for a batch to fill: one that arrives while nothing is running is processed alone.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
BatchFunction = Callable[[Sequence[ItemT]], Sequence[ResultT | Exception]]

MAX_BATCH_SIZE = 64
"""Requests in one batch; the first would wait too long in a larger one for little gain."""
LOOP_ROUNDS = 5
"""Rounds of the event loop between two batches: responses are sent, new requests are read.

Two threads that both want the interpreter would slow each other down at every response. Taking
turns avoids that, and doubles the size of batches.
"""
MAX_LOOP_SECONDS = 0.05
"""Seconds that the worker waits for those rounds at most."""


class BatcherClosedError(RuntimeError):
    """No item is accepted any more: the service is stopping."""


class MicroBatcher(Generic[ItemT, ResultT]):
    """Passes items to a batch function on worker threads, which start with the first item."""

    def __init__(
        self,
        process: BatchFunction[ItemT, ResultT],
        lanes: int = 1,
        most: int = MAX_BATCH_SIZE,
    ) -> None:
        """Create a batcher.

        Args:
            process: returns for each item its result, or the error to raise; in order.
            lanes: number of worker threads.
            most: number of items in a batch at most.
        """
        self._process, self._lanes, self._most = process, lanes, most
        self._waiting: deque[tuple[ItemT, asyncio.Future[ResultT]]] = deque()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._closed = False

    async def submit(self, item: ItemT) -> ResultT:
        """Process an item in the next batch and return its result.

        An item whose caller stops waiting is still processed; `close` waits for it.

        Raises:
            BatcherClosedError: the batcher was closed before.
            Exception: the error that the batch function returned for this item.
        """
        result: asyncio.Future[ResultT] = asyncio.get_running_loop().create_future()
        with self._changed:
            if self._closed:
                raise BatcherClosedError
            self._waiting.append((item, result))
            self._start_threads()
            self._changed.notify()
        return await result

    def close(self, seconds: float) -> None:
        """Accept no more items, and wait for each worker thread at most that many seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(seconds)

    def _start_threads(self) -> None:
        while len(self._threads) < self._lanes:
            name = f"answering-{len(self._threads)}"
            self._threads.append(threading.Thread(target=self._run, name=name, daemon=True))
            self._threads[-1].start()

    def _run(self) -> None:
        while batch := self._next_batch():
            results: Sequence[ResultT | Exception]
            try:
                results = self._process([item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 - each gets it, see `submit`
                results = [error] * len(batch)
            pairs = [(future, r) for (_, future), r in zip(batch, results, strict=True)]
            for loop in {future.get_loop() for future, _ in pairs}:
                if not loop.is_closed():
                    delivered = threading.Event()
                    own = [pair for pair in pairs if pair[0].get_loop() is loop]
                    loop.call_soon_threadsafe(_deliver_results, own, loop, delivered)
                    delivered.wait(MAX_LOOP_SECONDS)

    def _next_batch(self) -> list[tuple[ItemT, asyncio.Future[ResultT]]]:
        """Wait for items and take a batch; empty once closed and nothing waits."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            count = min(len(self._waiting), self._most)
            return [self._waiting.popleft() for _ in range(count)]


def _deliver_results(
    pairs: Sequence[tuple[asyncio.Future[ResultT], ResultT | Exception]],
    loop: asyncio.AbstractEventLoop,
    delivered: threading.Event,
) -> None:
    for future, result in pairs:
        if future.cancelled():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
    _resume_after_rounds(loop, delivered, LOOP_ROUNDS)


def _resume_after_rounds(
    loop: asyncio.AbstractEventLoop, delivered: threading.Event, rounds: int
) -> None:
    """Set the event once the loop has gone round that often."""
    if rounds:
        loop.call_soon(_resume_after_rounds, loop, delivered, rounds - 1)
    else:
        delivered.set()
