"""Simulated suppliers: origin, lead times, reliability and paperwork."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.simulator.world.random_streams import Flags, Floats, Ints
from data.simulator.world.size import WorldSize


@dataclass(frozen=True)
class Origin:
    """Region that goods come from."""

    country: str
    place: str
    currency: str
    mode: str
    incoterms: tuple[str, ...]
    lead: tuple[float, float]
    transit: int
    share: float


ORIGINS = (
    Origin("DE", "Ruhr", "EUR", "road", ("DAP", "FCA"), (4, 12), 1, 0.22),
    Origin("NL", "Brabant", "EUR", "road", ("DAP", "FCA"), (3, 10), 1, 0.14),
    Origin("IT", "Lombardy", "EUR", "road", ("DAP", "EXW"), (6, 16), 3, 0.14),
    Origin("PL", "Silesia", "PLN", "road", ("DAP", "FCA"), (5, 14), 2, 0.14),
    Origin("GB", "Midlands", "GBP", "road", ("DAP", "EXW"), (6, 15), 3, 0.12),
    Origin("US", "Ohio", "USD", "air", ("FCA", "CPT"), (9, 20), 4, 0.10),
    Origin("CN", "Ningbo", "USD", "sea", ("FOB", "CIF"), (28, 42), 24, 0.14),
)

_FIRST = ("North", "Alder", "Quartz", "Meridian", "Harbour", "Linden", "Copper", "Vale", "Union")
_SECOND = ("Fasteners", "Supply", "Industries", "Components", "Tools", "Trading", "Works")


@dataclass(frozen=True)
class Suppliers:
    """Columns over suppliers. Hidden from the tables: everything but the obvious.

    Attributes:
        origin: index in ORIGINS.
        lead: typical days from order to arrival.
        optimism: share by which promises undercut that.
        lateness: log-odds of coming late on a calm day.
        early: share of arrivals well before the promise.
        partial, damage, over, short: shares of lines.
        acknowledges, notices: shares of orders and of delays that the supplier reports.
        asn_share: share of shipments announced by suppliers who send ship notices.
        electronic: whether invoices come by EDI.
        bills_early: whether the invoice goes out with the shipment.
        sister: another supplier of the same group, -1 where there is none.
        careless: factor on errors in paper.
    """

    name: NDArray[np.object_]
    origin: Ints
    incoterm: NDArray[np.object_]
    payment_term: Ints
    lead: Floats
    optimism: Floats
    lateness: Floats
    early: Floats
    partial: Floats
    damage: Floats
    over: Floats
    short: Floats
    acknowledges: Floats
    notices: Floats
    sends_asn: Flags
    asn_share: Floats
    electronic: Flags
    bills_early: Flags
    two_way: Flags
    sister: Ints
    careless: Floats

    def __len__(self) -> int:
        return len(self.origin)


def make_suppliers(size: WorldSize, rng: np.random.Generator) -> Suppliers:
    """Suppliers drawn at random; every origin is used where there are enough of them."""
    n = size.suppliers
    shares = np.array([origin.share for origin in ORIGINS])
    origin = rng.choice(len(ORIGINS), n, p=shares / shares.sum())
    low = np.array([o.lead[0] for o in ORIGINS])[origin]
    high = np.array([o.lead[1] for o in ORIGINS])[origin]
    terms = [ORIGINS[o].incoterms[int(rng.integers(2))] for o in origin]
    names = [
        f"{_FIRST[k % 9]} {_SECOND[(k // 9 + k) % 7]} {'' if k < 63 else k}".strip()
        for k in range(n)
    ]
    sister = np.full(n, -1)
    sister[: n // 10 * 2] = np.arange(n // 10 * 2) ^ 1  # the first fifth belong in pairs
    return Suppliers(
        name=np.array(names, dtype=object),
        origin=origin,
        incoterm=np.array(terms, dtype=object),
        payment_term=rng.choice([14, 30, 30, 45, 60], n),
        lead=rng.uniform(low, high),
        optimism=np.clip(rng.normal(0.03, 0.06, n), -0.05, 0.2),
        lateness=np.clip(rng.normal(-2.75, 0.95, n), -4.6, -0.4),
        early=rng.beta(1.2, 9, n),
        partial=rng.beta(2, 40, n),
        damage=rng.beta(1.5, 60, n),
        over=rng.beta(1, 40, n),
        short=rng.beta(1.2, 60, n),
        acknowledges=rng.beta(6, 1.5, n),
        notices=rng.uniform(0.15, 0.7, n),
        sends_asn=rng.random(n) < 0.65,
        asn_share=rng.uniform(0.7, 0.97, n),
        electronic=rng.random(n) < 0.6,
        bills_early=rng.random(n) < 0.4,
        two_way=rng.random(n) < 0.06,
        sister=sister.astype(np.int64),
        careless=rng.lognormal(-0.12, 0.6, n),
    )
