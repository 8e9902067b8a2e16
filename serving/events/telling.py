"""Telling: the dispatcher as a companion of the service."""

from __future__ import annotations

import random
from dataclasses import replace

from serving.engine import Engine
from serving.events.dispatcher import Dispatcher
from serving.events.outbox import Outbox
from serving.events.settings import EventSettings
from serving.events.signature import secrets_in
from serving.events.turn import turn_of
from serving.events.webhook import Webhook
from serving.settings import Settings
from serving.work import Work

TURN = "events"


def telling(_settings: Settings, engine: Engine) -> Work | None:
    """What tells the webhook of the settings; None where they name none.

    From the first start on: what was recorded before is not told.

    Raises:
        OSError, ValueError: settings that cannot be used.
        AuditUnavailableError: the record cannot be read.
    """
    found = EventSettings().checked()
    if not found.url:
        return None
    dispatcher = dispatcher_of(found, engine)
    dispatcher.outbox.begin()

    def step() -> bool:
        with turn_of(engine.audit.engine, TURN) as mine:
            return mine and dispatcher.round()

    work = Work("events", step, found.poll_seconds)
    dispatcher = replace(dispatcher, stopping=work.stopping.is_set)
    return work


def dispatcher_of(found: EventSettings, engine: Engine) -> Dispatcher:
    """The dispatcher that those settings ask for.

    Raises:
        OSError, ValueError: settings that cannot be used.
    """
    assert found.secret_file is not None
    secrets = secrets_in(found.secret_file)
    return Dispatcher(
        outbox=Outbox(engine.audit),
        receiver=Webhook(found.url, secrets, found.timeout_seconds),
        types=found.wanted,
        source=found.source or f"/{engine.audit.head().origin}",
        address=engine.address,
        attempts=found.attempts,
        clock=engine.clock,
        chance=random.SystemRandom().random,
    )
