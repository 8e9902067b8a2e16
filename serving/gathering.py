"""Requests that come while others are worked on are worked on together next.

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

Asked = TypeVar("Asked")
Made = TypeVar("Made")
Work = Callable[[Sequence[Asked]], Sequence[Made | Exception]]

MOST = 64
"""Requests worked on as one: more would let the first wait long for little."""
ROUNDS = 5
"""Of the loop, between two groups: answers go out, and who asks again at once comes in.

Two threads that both want the interpreter would hold each other up at every answer sent; so they
take turns, and groups are twice as large.
"""
LONGEST_TURN = 0.05
"""Seconds that the loop may take for it."""


class ClosedError(RuntimeError):
    """Nothing more is taken: the service is stopping."""


@dataclass(frozen=True)
class _Waiting(Generic[Asked, Made]):
    """A request, and where what came of it is told."""

    asked: Asked
    loop: asyncio.AbstractEventLoop
    told: asyncio.Future[Made]


class Gathering(Generic[Asked, Made]):
    """Works on threads of its own, started when first asked.

    work: what is made of each that was asked, or the error it gets; in order. lanes: threads.
    """

    def __init__(self, work: Work[Asked, Made], lanes: int = 1, most: int = MOST) -> None:
        self._work, self._lanes, self._most = work, lanes, most
        self._waiting: deque[_Waiting[Asked, Made]] = deque()
        self._some = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._closed = False

    async def do(self, asked: Asked) -> Made:
        """What is made of it.

        Who does not wait any longer is worked on to the end all the same; `close` waits for it.

        Raises:
            ClosedError: it came too late.
            whatever the work gives it in place of what was made.
        """
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Made] = loop.create_future()
        with self._some:
            if self._closed:
                raise ClosedError
            self._waiting.append(_Waiting(asked, loop, told))
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
                    loop.call_soon_threadsafe(_tell, mine, loop, turn)
                    turn.wait(LONGEST_TURN)

    def _next(self) -> list[_Waiting[Asked, Made]]:
        """Who is worked on next; none once it is closed and nobody waits."""
        with self._some:
            while not self._waiting and not self._closed:
                self._some.wait()
            count = min(len(self._waiting), self._most)
            return [self._waiting.popleft() for _ in range(count)]


def _tell(
    some: Sequence[tuple[_Waiting[Asked, Made], Made | Exception]],
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
    _pass(loop, turn, ROUNDS)


def _pass(loop: asyncio.AbstractEventLoop, turn: threading.Event, rounds: int) -> None:
    """Let the work go on after so many rounds of the loop."""
    if rounds:
        loop.call_soon(_pass, loop, turn, rounds - 1)
    else:
        turn.set()
