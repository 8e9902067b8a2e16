"""What specs of asks and labels share: tasks to ask, and answers as tables."""

import pandas as pd

from data.store import Store
from models.task import Task, TaskName
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from tests.spec.tables import canonical, expect
from training.dataset.asks import Asks
from training.dataset.labels import Labels

CLASSES = {
    STOCK_RISK.name: ("IN_STOCK", "STOCK_OUT"),
    SUPPLIER_DELAY.name: ("ON_TIME", "LATE"),
    INVOICE_MISMATCH.name: ("CLEAN", "PRICE_VARIANCE", "NO_RECEIPT"),
}


def task(
    name: TaskName, horizon_days: int = 14, tolerance_days: int = 0, settle_days: int = 0
) -> Task:
    """A task without features: asks and labels read none."""
    return Task(
        name=name,
        question="?",
        classes=CLASSES[name],
        features=(),
        horizon_days=horizon_days,
        tolerance_days=tolerance_days,
        settle_days=settle_days,
        ask_before_days=(7, 2),
    )


def store(**tables: str) -> Store:
    return Store.from_frames({name: canonical(name, text) for name, text in tables.items()})


def expect_asks(asks: Asks, text: str) -> None:
    frame = asks.frame.assign(asked_at=asks.frame["asked_at"].map(moment))
    expect(frame, text)


def expect_children(asks: Asks, child: str, text: str) -> None:
    frame = asks.children[child]
    ids = asks.frame["ask_id"].to_numpy()[frame["row"].to_numpy()]
    moments = {name: frame[name].map(moment) for name in frame if str(frame[name].dtype)[0] == "d"}
    expect(frame.assign(ask_id=ids, **moments), text)


def expect_labels(asks: Asks, labels: Labels, text: str) -> None:
    frame = pd.DataFrame(
        {
            "ask_id": asks.frame["ask_id"],
            "label": [str(value) for value in labels.label],
            "target": labels.target,
            "matured_at": [moment(value) for value in pd.Series(labels.matured_at)],
        }
    )
    expect(frame, text)


def moment(value: pd.Timestamp) -> str | None:
    if pd.isna(value):
        return None
    return f"{value:%Y-%m-%d}" if value == value.normalize() else f"{value:%Y-%m-%d %H:%M}"
