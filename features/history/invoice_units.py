"""Base units in one unit of an invoice line, in the engine.

The rules are those of a case, `features.tasks.invoice_mismatch.base_units`: synonyms are one unit,
units of a dimension convert, packs hold what is known of the item, and what cannot be known is
missing, so that nothing is computed from it.
"""

from __future__ import annotations

from functools import cache

from data.contracts.invoices import INVOICE_LINE_ID, INVOICE_UNIT
from data.contracts.item_units import BASE_UNITS, UNIT
from data.contracts.items import BASE_UNIT, ITEM_ID, PACK_SIZE
from data.contracts.suppliers import SUPPLIER_ID
from data.contracts.table import KNOWN_AT
from data.lazy_imports import ibis, ir
from data.reference.units import (
    UNITS,
    conversion_factor,
    is_usual_pack,
    unit_key,
    unit_words,
)
from data.row_versions.stored_rows import SUPERSEDED_AT
from features.history.row_versions import current_at, with_spans

UNIT_SIZE = "unit_size"
UNKNOWN_ABBREVIATION = "st."  # a piece to some, a sheet to others


def with_unit_size(lines: ir.Table, item_units: ir.Table) -> ir.Table:
    """Add UNIT_SIZE, the base units in one invoice unit; missing where that cannot be known.

    Args:
        lines: one row an invoice line, with its unit, supplier, item, known_at, and the base unit
            and pack size of the item.
        item_units: canonical table; what was known when a line was booked counts.
    """
    keyed = _with_unit_key(lines, INVOICE_UNIT, "unit_key")
    keyed = _with_unit_key(keyed, BASE_UNIT, "base_key")
    packs = _pack_sizes(keyed, item_units)
    # Views, or Ibis would fold a join into the one that computed its key.
    own = [(str(INVOICE_LINE_ID), "pack_line"), (str(KNOWN_AT), "line_known_at")]
    keyed = keyed.view().left_join(packs, own)
    factors = ibis.memtable(
        _conversions(), schema={"from_key": "string", "to_key": "string", "factor": "float64"}
    )
    found = keyed.view().left_join(factors, [("unit_key", "from_key"), ("base_key", "to_key")])
    usual_pack = found["unit_key"].isin(_usual_packs()) & (found[PACK_SIZE] > 0)
    in_base_units = (found["unit_key"] == found["base_key"]).fill_null(True)  # one is missing
    size = ibis.cases(
        (in_base_units, 1.0),
        (found["pack_units"].notnull(), found["pack_units"]),
        (found["factor"].notnull(), found["factor"]),
        (usual_pack, found[PACK_SIZE]),
    )
    return found.select(*lines.columns, **{UNIT_SIZE: size})


def _pack_sizes(lines: ir.Table, item_units: ir.Table) -> ir.Table:
    """Return the base units of each line's unit that its item states; its supplier's own lead."""
    item_units = with_spans(item_units)
    units = item_units.select(
        unit_text=item_units[UNIT],
        pack_units=item_units[BASE_UNITS],
        pack_item=item_units[ITEM_ID],
        pack_supplier=item_units[SUPPLIER_ID],
        pack_known_at=item_units[KNOWN_AT],
        pack_superseded_at=item_units[SUPERSEDED_AT],
    )
    units = _with_unit_key(units, "unit_text", "pack_key")
    wanted = lines.select(INVOICE_LINE_ID, SUPPLIER_ID, ITEM_ID, KNOWN_AT, "unit_key")
    pairs = wanted.view().inner_join(units.view(), [(str(ITEM_ID), "pack_item")])
    own = (pairs["pack_supplier"] == pairs[SUPPLIER_ID]).fill_null(False)
    pairs = pairs.mutate(own=own).filter(
        current_at(pairs[KNOWN_AT], pairs["pack_known_at"], pairs["pack_superseded_at"]),
        own | pairs["pack_supplier"].isnull(),
    )
    has_own = (
        pairs["own"].any().over(ibis.window(group_by=[INVOICE_LINE_ID, KNOWN_AT, "unit_text"]))
    )
    kept = pairs.mutate(leads=pairs["own"] | ~has_own)
    kept = kept.filter(kept["leads"], kept["unit_key"] == kept["pack_key"], kept["pack_units"] > 0)
    order = ibis.window(
        group_by=[INVOICE_LINE_ID, KNOWN_AT], order_by=["pack_known_at", "unit_text"]
    )
    first = kept.mutate(place=ibis.row_number().over(order)).filter(lambda rows: rows["place"] == 0)
    return first.select(
        "pack_units", pack_line=first[INVOICE_LINE_ID], line_known_at=first[KNOWN_AT]
    )


def _with_unit_key(table: ir.Table, column: str, name: str) -> ir.Table:
    """Add `data.reference.units.unit_key` of a text column, as a query."""
    spaced = table[column].re_replace(r"\s+", " ").strip().lower()
    letters = (spaced == UNKNOWN_ABBREVIATION).ifelse(spaced, spaced.re_replace(r"\.$", ""))
    written = table.mutate(**{f"{name}_text": letters})
    words = ibis.memtable(_words(), schema={f"{name}_word": "string", f"{name}_code": "string"})
    found = written.view().left_join(words, [(f"{name}_text", f"{name}_word")])
    key = ibis.coalesce(found[f"{name}_code"], found[f"{name}_text"])
    return found.select(*table.columns, **{name: key})


@cache
def _words() -> list[tuple[str, str]]:
    return [(word, str(unit_key(word))) for word in unit_words()]


@cache
def _conversions() -> list[tuple[str, str, float]]:
    keys = sorted({str(unit_key(code)) for code in UNITS})
    pairs = ((one, other, conversion_factor(one, other)) for one in keys for other in keys)
    return [(one, other, float(factor)) for one, other, factor in pairs if factor is not None]


@cache
def _usual_packs() -> list[str]:
    """Units that may hold an item's usual pack."""
    return [code for code in UNITS if is_usual_pack(code)]
