"""Purpose, readers and limits of the model of each task."""

from __future__ import annotations

from dataclasses import dataclass

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY

NEVER_USED_FOR = (
    (
        "To act by itself: it releases, posts, orders and pays nothing. A person decides, and may "
        "decide otherwise with a reason."
    ),
    "To judge people or teams: it points a case at a role and knows no person.",
    (
        "Where the service says that it does not advise (keys never seen, values out of range, "
        "stale history, an interval too wide): treat such a case as if there were no model."
    ),
)


@dataclass(frozen=True)
class ModelPurpose:
    """readers: roles. ask: what one question is. never: besides what holds for every model.

    limits: what the question itself leaves out.
    """

    use: str
    readers: str
    ask: str
    never: tuple[str, ...]
    limits: tuple[str, ...]


PURPOSES = {
    STOCK_RISK.name: ModelPurpose(
        use="To look first at the items of a site that are most likely to run out.",
        readers="planner",
        ask="an item at a site, at a moment",
        never=(
            (
                "To set safety stocks or order quantities: it says how likely a stock-out is, not "
                "how much to order."
            ),
        ),
        limits=(
            "Sales during a stock-out are not demand; what could not be sold is not seen.",
            "Receipts after the horizon are no cover, however certain they are.",
        ),
    ),
    INVOICE_MISMATCH.name: ModelPurpose(
        use="To send an invoice line to the role that can settle it, and to look first at what "
        "is likely to end as an exception.",
        readers="accounts payable, procurement, receiving",
        ask="an invoice line when it is booked",
        never=(
            "To pay, block or reject an invoice, or to call one fraud.",
            "In place of tolerances: what a rule can compute is computed and shown as a rule.",
        ),
        limits=(
            "It learns how lines ended here. What was released by habit teaches it that habit.",
            "A class with few past cases is rarely its first answer; read the set of classes.",
        ),
    ),
    SUPPLIER_DELAY.name: ModelPurpose(
        use="To follow up the open order lines that are most likely to come late.",
        readers="buyer",
        ask="an open purchase order line, some days before its promised date",
        never=(
            (
                "To rank or penalise suppliers: a delay may lie in the promise, the carrier, or a "
                "change that was asked for."
            ),
        ),
        limits=(
            "Delay is counted from the promised date; a line without one cannot be asked about.",
            "An order that is still open is not on time; lines that never came teach nothing yet.",
        ),
    ),
}
