"""Micro-batcher: process together the requests that arrive while a batch is running.

Making features, scoring and writing to the disk cost hardly more for sixteen cases than for
one. Nobody waits for a group to fill: whoever comes while nothing is worked on goes alone.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
BatchFunction = Callable[[Sequence[ItemT]], Sequence[ResultT | Exception]]

MAX_BATCH_SIZE = 64
"""Requests worked on as one: more would let the first wait long for little."""
LOOP_ROUNDS = 5
"""Of the loop, between two groups: answers go out, and who asks again at once comes in.

Two threads that both want the interpreter would hold each other up at every answer sent; so they
take turns, and groups are twice as large.
"""
MAX_LOOP_SECONDS = 0.05
"""Seconds that the loop may take for it."""


class BatcherClosedError(RuntimeError):
    """Nothing more is taken: the service is stopping."""


@dataclass(frozen=True)
class _PendingItem(Generic[ItemT, ResultT]):
    """A request, and where what came of it is told."""

    asked: ItemT
    loop: asyncio.AbstractEventLoop
    told: asyncio.Future[ResultT]


class MicroBatcher(Generic[ItemT, ResultT]):
    """Works on threads of its own, started when first asked.

    work: what is made of each that was asked, or the error it gets; in order. lanes: threads.
    """

    def __init__(
        self, work: BatchFunction[ItemT, ResultT], lanes: int = 1, most: int = MAX_BATCH_SIZE
    ) -> None:
        self._work, self._lanes, self._most = work, lanes, most
        self._waiting: deque[_PendingItem[ItemT, ResultT]] = deque()
        self._some = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._closed = False

    async def do(self, asked: ItemT) -> ResultT:
        """What is made of it.

        Who does not wait any longer is worked on to the end all the same; `close` waits for it.

        Raises:
            ClosedError: it came too late.
            whatever the work gives it in place of what was made.
        """
        loop = asyncio.get_running_loop()
        told: asyncio.Future[ResultT] = loop.create_future()
        with self._some:
            if self._closed:
                raise BatcherClosedError
            self._waiting.append(_PendingItem(asked, loop, told))
            self._start()
            self._some.notify()
        return await told

    def close(self, seconds: float) -> None:
        """Take nothing more, and wait for what was taken."""
        with self._some:
            self._closed = True
            self._some.notify_all()
        for thread in self._threads:
            thread.join(seconds)

    def _start(self) -> None:
        while len(self._threads) < self._lanes:
            name = f"answering-{len(self._threads)}"
            self._threads.append(threading.Thread(target=self._run, name=name, daemon=True))
            self._threads[-1].start()

    def _run(self) -> None:
        while some := self._next():
            try:
                made = self._work([one.asked for one in some])
            except Exception as error:  # noqa: BLE001 - each gets it, see `do`
                made = [error] * len(some)
            for loop in {one.loop for one in some}:
                mine = [pair for pair in zip(some, made, strict=True) if pair[0].loop is loop]
                if not loop.is_closed():
                    turn = threading.Event()
                    loop.call_soon_threadsafe(_deliver_results, mine, loop, turn)
                    turn.wait(MAX_LOOP_SECONDS)

    def _next(self) -> list[_PendingItem[ItemT, ResultT]]:
        """Who is worked on next; none once it is closed and nobody waits."""
        with self._some:
            while not self._waiting and not self._closed:
                self._some.wait()
            count = min(len(self._waiting), self._most)
            return [self._waiting.popleft() for _ in range(count)]


def _deliver_results(
    some: Sequence[tuple[_PendingItem[ItemT, ResultT], ResultT | Exception]],
    loop: asyncio.AbstractEventLoop,
    turn: threading.Event,
) -> None:
    for waiting, made in some:
        if waiting.told.cancelled():
            continue
        if isinstance(made, Exception):
            waiting.told.set_exception(made)
        else:
            waiting.told.set_result(made)
    _resume_after_rounds(loop, turn, LOOP_ROUNDS)


def _resume_after_rounds(
    loop: asyncio.AbstractEventLoop, turn: threading.Event, rounds: int
) -> None:
    """Let the work go on after so many rounds of the loop."""
    if rounds:
        loop.call_soon(_resume_after_rounds, loop, turn, rounds - 1)
    else:
        turn.set()
