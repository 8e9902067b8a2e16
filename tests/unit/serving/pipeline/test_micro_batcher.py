"""Requests that come together are worked on together, and each gets what is its own."""

import asyncio
import threading

import pytest

from serving.pipeline.micro_batcher import BatcherClosedError, MicroBatcher
from tests.support.event_loops import run_coroutine

LONG = 30


class Held:
    """Work that waits until it is let go on; groups: what was worked on as one."""

    def __init__(self):
        self.groups, self.begun, self.go_on = [], threading.Event(), threading.Event()

    def __call__(self, asked):
        self.groups.append(list(asked))
        self.begun.set()
        assert self.go_on.wait(LONG)
        return [ValueError(one) if one < 0 else 10 * one for one in asked]


async def begins(held):
    await asyncio.get_running_loop().run_in_executor(None, held.begun.wait, LONG)


@pytest.mark.parametrize(("most", "groups"), [(64, [[1], [2, 3, 4]]), (2, [[1], [2, 3], [4]])])
def test_requests_that_arrive_during_a_batch_form_the_next_one(most, groups):
    held = Held()

    async def asked():
        gathering = MicroBatcher(held, most=most)
        first = asyncio.create_task(gathering.submit(1))
        await begins(held)
        others = [asyncio.create_task(gathering.submit(number)) for number in (2, 3, 4)]
        await asyncio.sleep(0)  # each has asked once it is its turn
        held.go_on.set()
        return await asyncio.gather(first, *others)

    assert run_coroutine(asked) == [10, 20, 30, 40]
    assert held.groups == groups


def test_a_refusal_concerns_its_own_request_alone():
    held = Held()
    held.go_on.set()

    async def asked():
        gathering = MicroBatcher(held)
        return await asyncio.gather(*map(gathering.submit, (1, -2, 3)), return_exceptions=True)

    first, second, third = run_coroutine(asked)
    assert (first, third) == (10, 30)
    assert isinstance(second, ValueError)


def test_a_failing_batch_fails_its_requests_and_the_next_batch_runs():
    fails = iter([True, False])

    def work(asked):
        if next(fails):
            raise ZeroDivisionError
        return list(asked)

    async def asked():
        gathering = MicroBatcher(work)
        with pytest.raises(ZeroDivisionError):
            await gathering.submit(1)
        return await gathering.submit(2)

    assert run_coroutine(asked) == 2


def test_closing_waits_for_abandoned_requests_to_finish():
    held = Held()

    async def asked():
        gathering = MicroBatcher(held)
        gone = asyncio.create_task(gathering.submit(1))
        await begins(held)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        closing = asyncio.get_running_loop().run_in_executor(None, gathering.close, LONG)
        held.go_on.set()
        await closing
        with pytest.raises(BatcherClosedError):
            await gathering.submit(2)

    run_coroutine(asked)
    assert held.groups == [[1]]


def test_closing_finishes_the_waiting_requests():
    held = Held()

    async def asked():
        gathering = MicroBatcher(held)
        tasks = [asyncio.create_task(gathering.submit(1))]
        await begins(held)
        tasks.append(asyncio.create_task(gathering.submit(2)))
        await asyncio.sleep(0)
        closing = asyncio.get_running_loop().run_in_executor(None, gathering.close, LONG)
        held.go_on.set()
        await closing
        return await asyncio.gather(*tasks)

    assert run_coroutine(asked) == [10, 20]
