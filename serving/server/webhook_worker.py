"""Background worker that runs the event dispatcher."""

from __future__ import annotations

import random
from dataclasses import replace

from serving.audit.log.process_lock import process_lock
from serving.events.dispatcher import Dispatcher
from serving.events.outbox import Outbox
from serving.events.settings import EventSettings
from serving.events.webhook import Webhook
from serving.events.webhook_signature import read_secrets
from serving.pipeline.engine import Engine
from serving.runtime.periodic_worker import PeriodicWorker
from serving.runtime.settings import ServiceSettings

LOCK_NAME = "events"


def webhook_worker(_settings: ServiceSettings, engine: Engine) -> PeriodicWorker | None:
    """What tells the webhook of the settings; None where they name none.

    From the first start on: what was recorded before is not told.

    Raises:
        OSError, ValueError: settings that cannot be used.
        AuditUnavailableError: the record cannot be read.
    """
    found = EventSettings().checked()
    if not found.url:
        return None
    dispatcher = make_dispatcher(found, engine)
    dispatcher.outbox.begin()

    def step() -> bool:
        with process_lock(engine.audit.engine, LOCK_NAME, f"for {LOCK_NAME}") as mine:
            return mine and dispatcher.round()

    work = PeriodicWorker("events", step, found.poll_seconds)
    dispatcher = replace(dispatcher, stopping=work.stopping.is_set)
    return work


def make_dispatcher(found: EventSettings, engine: Engine) -> Dispatcher:
    """The dispatcher that those settings ask for.

    Raises:
        OSError, ValueError: settings that cannot be used.
    """
    assert found.secret_file is not None
    secrets = read_secrets(found.secret_file)
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
