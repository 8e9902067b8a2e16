"""A lake to serve from: tiny models of the real features over synthetic cases and history."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from data.lake import Lake
from data.store import Store
from features.cases import Cases
from features.feature import feature_frame
from features.profiles import Profiles, build_profiles
from models.artefact.folder import save_artefact
from models.catalogue import TASKS
from models.fitting.fit import fit
from models.model import Model
from models.task import TaskName
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from models.training_set import TrainingSet
from serving.pipeline.scoring import build_cases
from serving.review.decisions import DecisionMessage, DecisionRecorder, record_decision
from serving.runtime.context import service_context
from serving.tasks.catalogue import SERVED_TASKS
from tests.support.once_per_run import copy_made_once_per_run

AS_OF = date(2026, 3, 10)
ASKED_AT = datetime(2026, 3, 10, 8, tzinfo=UTC)
EXAMPLES = {name: served.request.example for name, served in SERVED_TASKS.items()}
ROWS = 400
SHIPPING_NOTICE = {
    "event_kind": "asn",
    "expected_at": "2026-03-12T00:00:00Z",
    "event_quantity": 500,
    "happened_at": "2026-03-09T08:00:00Z",
    "known_at": "2026-03-09T08:05:00Z",
}


def example_case(task: TaskName, number: int, **changes) -> dict:
    """Return the case of that number of a task, as a caller would send it."""
    rng = np.random.default_rng(number)
    made = json.loads(json.dumps(EXAMPLES[task])) | {"asked_at": ASKED_AT.isoformat()}
    match task:
        case STOCK_RISK.name:
            made |= {
                "item_id": f"item_{number:04}",
                "on_hand": float(rng.integers(0, 300)),
                "average_demand": round(float(rng.uniform(1, 20)), 3),
            }
        case INVOICE_MISMATCH.name:
            price = round(float(4.2 * rng.uniform(0.9, 1.3)), 4)
            made |= {
                "invoice_line_id": f"inv-{number:05}",
                "invoice_unit_price": price,
                "line_amount": round(100 * price, 2),
                "receipts": made["receipts"] if number % 3 else [],
            }
        case SUPPLIER_DELAY.name:
            promised = ASKED_AT + timedelta(days=int(rng.integers(1, 30)))
            made |= {
                "po_line_id": f"po-{number:05}",
                "supplier_id": f"supplier_{number % 5:02}",
                "quantity_ordered": float(rng.integers(1, 500)),
                "promised_at": promised.isoformat(),
                "events": made["events"] if number % 3 else [*made["events"], SHIPPING_NOTICE],
            }
    return made | changes


def past_orders() -> dict[str, pd.DataFrame]:
    """Return forty past orders of supplier_00 to supplier_03, received late or on time."""
    n = 40
    ordered = pd.date_range("2025-10-01", periods=n, freq="3D", tz="UTC")
    orders = pd.DataFrame(
        {
            "po_line_id": [f"old-{i}" for i in range(n)],
            "po_id": [f"old-{i}" for i in range(n)],
            "site_id": "site_03",
            "supplier_id": [f"supplier_{i % 4:02}" for i in range(n)],
            "item_id": "item_0042",
            "quantity_ordered": 10.0,
            "line_value": 42.0,
            "promised_at": ordered + timedelta(days=10),
            "happened_at": ordered,
            "known_at": ordered,
        }
    )
    came = ordered + pd.to_timedelta(10 + (np.arange(n) % 4) * 2, unit="D")
    receipts = pd.DataFrame(
        {
            "receipt_id": [f"r-{i}" for i in range(n)],
            "po_line_id": orders["po_line_id"],
            "quantity_received": 10.0,
            "quantity_damaged": 0.0,
            "final": True,
            "happened_at": came,
            "known_at": came,
        }
    )
    return {"purchase_orders": orders, "receipts": receipts}


def make_lake(home: Path, tasks=tuple(TASKS)) -> Lake:
    """Fill a lake with profiles and a promoted model for each of the tasks."""
    names = sorted(tasks)
    copy_made_once_per_run(
        f"lake-{'-'.join(names)}-{_lightgbm_digest()}", home, lambda folder: _fill(folder, names)
    )
    return Lake(home).make()


def _fill(home: Path, names: list[TaskName]) -> None:
    lake, catalogue = Lake(home).make(), SERVED_TASKS
    streams = [stream for name in names for stream in catalogue[name].streams]
    with Store.from_frames(past_orders()) as store:
        build_profiles(store, streams, AS_OF, lake.profiles, _open_cases(names))
    profiles = Profiles.open(lake.profiles)
    for name in names:
        copy_made_once_per_run(
            f"model-{name}-{_lightgbm_digest()}", lake.models / name, partial(_fit, name, profiles)
        )


def _open_cases(names: list[TaskName]) -> Iterator[tuple[str, str, str]]:
    """Yield the cases 0 to 2 of each task as those that are open in the lake."""
    for name in names:
        for number in range(3):
            case = example_case(name, number)
            columns = SERVED_TASKS[name].reference
            yield name, "/".join(case[column] for column in columns), json.dumps(case)


def _fit(name: TaskName, profiles: Profiles, folder: Path) -> None:
    small = replace(SERVED_TASKS[name].task, lightgbm=SMALL_LIGHTGBM)
    _write_champion(folder, fit(small, synthetic_training_set(name, profiles)).model)


def _lightgbm_digest() -> str:
    """Return a digest of SMALL, which a test may replace."""
    return sha256(json.dumps(SMALL_LIGHTGBM, sort_keys=True).encode()).hexdigest()[:12]


def install_champion(lake: Lake, name: TaskName, model: Model) -> None:
    """Make the model the champion of its task in the lake, as a promotion does."""
    _write_champion(lake.models / name, model)


def _write_champion(folder: Path, model: Model) -> None:
    draft = folder / "draft"
    digest = save_artefact(model, draft)
    draft.rename(folder / digest)
    pointer = {"version": "1", "digest": digest, "promoted_at": ASKED_AT.isoformat()}
    (folder / "champion.json").write_text(json.dumps(pointer))


# Few and small trees: what is tested is how a model is served, not how good it is.
SMALL_LIGHTGBM = {
    "num_leaves": 4,
    "num_iterations": 15,
    "learning_rate": 0.3,
    "min_data_in_leaf": 10,
}


def decide(engine, advice, decision: DecisionMessage) -> bool:
    """Record a decision as the service does; return whether it is new."""
    context = service_context(engine.code)
    recorder = DecisionRecorder(engine.audit, engine.pseudonyms, engine.clock(), context)
    return record_decision(recorder, advice, decision)[1]


def synthetic_training_set(name: TaskName, profiles: Profiles) -> TrainingSet:
    """Return cases as the service reads them, with labels derived from two of their fields."""
    entry = SERVED_TASKS[name]
    cases = [example_case(name, i) for i in range(ROWS)]
    read = entry.request.read(json.dumps({"cases": cases}).encode())
    records = [one.model_dump() for one in read]
    asked = [ASKED_AT] * ROWS
    bare = build_cases(entry.request.shape, records, asked, profiles.as_of)
    past = profiles.lookup(entry.streams, bare.columns, ROWS)
    frame = feature_frame(
        entry.task.features, Cases(bare.asked_at, bare.as_of, bare.columns, bare.children, past)
    )
    at = np.datetime64("2025-01-01", "us") + np.arange(ROWS) * np.timedelta64(1, "D")
    label = np.array([_label(name, entry.task.classes, one) for one in cases], dtype=np.int64)
    return TrainingSet(
        inputs=frame,
        label=label,
        target=label * 3.0 + np.arange(ROWS) % 5 if entry.task.quantiles else None,
        asked_at=at,
        matured_at=at + np.timedelta64(1, "D"),
        group=np.array([str(i) for i in range(ROWS)], dtype=object),
        site=np.array(["site_03"] * ROWS, dtype=object),
    )


def _label(name: TaskName, classes: tuple[str, ...], one: dict) -> int:
    match name:
        case STOCK_RISK.name:
            return int(one["on_hand"] < 14 * one["average_demand"] - 30)
        case INVOICE_MISMATCH.name:
            if not one["receipts"]:
                return classes.index("NO_RECEIPT")
            return classes.index("PRICE_VARIANCE" if one["invoice_unit_price"] > 4.6 else "CLEAN")
        case SUPPLIER_DELAY.name:
            shipped = any(event["event_kind"] == "asn" for event in one["events"])
            return int(one["quantity_ordered"] > 250 and not shipped)
