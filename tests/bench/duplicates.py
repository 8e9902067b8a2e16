"""Precision and recall of the rule for duplicates, on copies planted among all suppliers.

python -m tests.bench duplicates

A small distributor is simulated and its own duplicates are taken out. Of each supplier's invoice
lines some are booked a second time, in one of the patterns; others are reversed and entered again,
or billed in two instalments, which is no duplicate. Every line is then asked about as training
asks, and given to the rules of the shipped policy. Precision counts every line that was found, the
supplier's ordinary ones included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pandas as pd

from data.contracts.catalogue import TABLES
from data.simulator.simulation import simulate
from data.simulator.world.size import WorldSize
from data.store import Store
from models.catalogue import TASKS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from serving.policy.policy import Policy
from serving.tasks.policy_file import load_policy
from serving.tasks.settled_cases import find_codes
from training.dataset.request_bodies import request_bodies
from training.tasks.invoice_mismatch.asks import query_asks

WORLD = WorldSize(sites=2, suppliers=20, items=150, months=6, demand_rate=0.4)
CHUNK = 500
COPIES_OF_SUPPLIER = 4  # of each pattern, as far as it has lines
Row = dict[str, object]
REWRITINGS: tuple[Callable[[str], str], ...] = (
    lambda number: f"{number} Copy",
    lambda number: number.lower().replace("-", " ").replace("/", "."),
    lambda number: number.replace("0", "O"),
    lambda number: f"000{number}" if number[0].isdigit() else f"{number[0]}-{number[1:]}",
)


def later(row: Row, kind: str, days: int, **changes: object) -> Row:
    """Return the row booked again as a document of its own, some days later."""
    booked = pd.Timestamp(str(row["known_at"])) + pd.Timedelta(days=days, minutes=7)
    document = f"{kind}-{row['invoice_line_id']}"
    own = {"invoice_id": document, "invoice_line_id": f"{document}-1", "known_at": booked}
    return {**row, **own, **changes}


def plant(  # noqa: PLR0911 (one return a pattern)
    row: Row, kind: str, n: int, other_line: object
) -> list[Row]:
    """Return the lines that a pattern adds for an original; the last is the one to judge."""
    number, amount = str(row["invoice_number"]), float(str(row["line_amount"]))
    days = 2 + n % 40
    dated = pd.Timestamp(str(row["happened_at"])) + pd.Timedelta(days=days)
    match kind:
        case "exact":
            return [later(row, kind, days)]
        case "number written otherwise":
            return [later(row, kind, days, invoice_number=REWRITINGS[n % 4](number))]
        case "other amount":
            return [later(row, kind, days, line_amount=round(amount * 1.03, 2))]
        case "other date":
            return [later(row, kind, days, happened_at=dated)]
        case "other supplier of the group":
            twin = f"{row['supplier_id']}-{'VAT' if n % 2 else 'BANK'}"
            return [later(row, kind, days, supplier_id=twin)]
        case "other order line":
            return [later(row, kind, days, po_line_id=other_line)]
        case "entered again after a reversal":
            back = {c: -float(str(row[c])) for c in ("quantity_invoiced", "line_amount")}
            undone = later(row, "reversal", 1, reverses_line_id=row["invoice_line_id"], **back)
            return [undone, later(row, kind, days)]
        case _:  # half of the instalments are billed on one day
            next_number = f"{number[:-2]}{(int(number[-2:]) + 37) % 100:02d}"
            gap = 30 * (n % 2)
            when = pd.Timestamp(str(row["happened_at"])) + pd.Timedelta(days=gap)
            return [later(row, kind, gap, invoice_number=next_number, happened_at=when)]


DUPLICATES = (
    "exact",
    "number written otherwise",
    "other amount",
    "other date",
    "other supplier of the group",
    "other order line",
)
LOOK_ALIKES = ("entered again after a reversal", "instalment")


def planted_world(seed: int) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Return canonical tables, and what each planted line is, by its id."""
    frames = simulate(WORLD, seed)
    outcomes, invoices = frames["invoice_outcomes"], frames["invoices"]
    clean = outcomes.loc[outcomes["exception_class"] == "CLEAN", "invoice_line_id"]
    invoices = invoices[invoices["invoice_line_id"].isin(clean)]
    usable = invoices[
        (invoices["line_amount"] > 1)
        & invoices["po_line_id"].notna()
        & invoices["invoice_number"].str[-2:].str.isdigit()
        & ~invoices["po_line_id"].duplicated(keep=False)
    ].sample(frac=1, random_state=seed)
    kinds = (*DUPLICATES, *LOOK_ALIKES)
    added, planted, halved = [], {}, []
    for _, lines in usable.groupby("supplier_id"):
        rows = lines.head(COPIES_OF_SUPPLIER * len(kinds)).to_dict("records")
        for n, row in enumerate(rows):
            kind, turn = kinds[n % len(kinds)], n // len(kinds)
            if kind == "instalment":
                row |= {c: round(row[c] / 2, 2) for c in ("quantity_invoiced", "line_amount")}
                halved.append(row)
            new = plant(row, kind, turn, rows[n - 1]["po_line_id"] if n else None)
            planted[str(new[-1]["invoice_line_id"])] = kind
            added += new
    kept = invoices[~invoices["invoice_line_id"].isin([row["invoice_line_id"] for row in halved])]
    own = pd.DataFrame([*halved, *added], columns=invoices.columns)
    for moment in ("due_at", "happened_at", "known_at"):
        own[moment] = pd.to_datetime(own[moment], utc=True)
    own = TABLES["invoices"].conform(own)
    suppliers = frames["suppliers"].assign(bank_account=lambda f: "A" + f["supplier_id"])
    suppliers["vat_id"] = "V" + suppliers["supplier_id"]
    twins = [
        suppliers.assign(supplier_id=suppliers["supplier_id"] + f"-{name}", **{other: None})
        for name, other in (("VAT", "bank_account"), ("BANK", "vat_id"))
    ]
    tables = {"invoices": pd.concat([kept, own]), "suppliers": pd.concat([suppliers, *twins])}
    return {**frames, **tables}, planted


def found_duplicates(frames: dict[str, pd.DataFrame], policy: Policy) -> set[str]:
    """Return the ids of the lines that the rules find to be duplicates."""
    with Store.from_frames(frames) as store:
        asks = query_asks(store, TASKS[INVOICE_MISMATCH.name])
    bodies, found = request_bodies(asks), []
    for start in range(0, len(bodies), CHUNK):
        found += find_codes(policy, INVOICE_MISMATCH.name, bodies[start : start + CHUNK])
    ids = asks.frame["ask_id"].tolist()
    return {str(line) for line, codes in zip(ids, found, strict=True) if "DUPLICATE" in codes}


def main(seed: int = 7) -> None:
    """Print found and planted lines of each pattern, recall, and precision over all lines."""
    frames, planted = planted_world(seed)
    found = found_duplicates(frames, load_policy())
    total, hit = Counter(planted.values()), Counter(planted[i] for i in found if i in planted)
    for kind in DUPLICATES:
        print(f"{kind:32} {hit[kind]:5} of {total[kind]:5} found, {hit[kind] / total[kind]:.1%}")
    for kind in LOOK_ALIKES:
        print(f"{kind:32} {hit[kind]:5} of {total[kind]:5} found, none should be")
    ordinary = found - planted.keys()
    lines = len(frames["invoices"]) - len(planted)
    print(f"{'ordinary lines':32} {len(ordinary):5} of {lines:5} found, none should be")
    right = sum(hit[kind] for kind in DUPLICATES)
    print(
        f"precision {right / len(found):.1%}, recall {right / sum(total[k] for k in DUPLICATES):.1%}"
    )
