"""A process that dispatches events until it is killed: `URL_OF_RECORD URL_OF_RECEIVER SECRET`."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from serving.audit.log.process_lock import process_lock
from serving.audit.log.store import AuditStore
from serving.events.dispatcher import Dispatcher
from serving.events.event_type import EventType
from serving.events.outbox import Outbox
from serving.events.webhook import Webhook
from serving.events.webhook_signature import read_secrets


def main() -> None:
    record, url, secret = sys.argv[1:]
    store = AuditStore.open(record)
    dispatcher = Dispatcher(
        Outbox(store),
        Webhook(url, read_secrets(Path(secret)), 5),
        frozenset(EventType),
        "/test",
        "",
        3,
        lambda: datetime.now(UTC),
        lambda: 0.0,
    )
    while True:
        with process_lock(store.engine, "events", "for events") as mine:
            more = mine and dispatcher.round()
        if not more:
            time.sleep(0.02)


if __name__ == "__main__":
    main()
