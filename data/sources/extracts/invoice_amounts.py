"""Bring amounts of invoices into the form of the canonical table, where the source has another."""

from __future__ import annotations

import pandas as pd

from data.contracts.invoices import (
    CHARGE_AMOUNT,
    DOCUMENT_TYPE,
    FREIGHT_AMOUNT,
    LINE_AMOUNT,
    QUANTITY_INVOICED,
    TAX_AMOUNT,
    DocumentType,
)
from data.sources.extracts.field_mapping import CONVERTED_DECIMALS
from data.sources.extracts.file_conventions import CreditNoteSign
from data.sources.extracts.mapping import TableMapping

_SIGNED = (QUANTITY_INVOICED, CHARGE_AMOUNT, LINE_AMOUNT, FREIGHT_AMOUNT, TAX_AMOUNT)


def settle_amounts(frame: pd.DataFrame, mapped: TableMapping) -> pd.DataFrame:
    """Return rows with freight beside the line amount, and credit notes below zero.

    Rows of other tables stay as they are: their mappings have none of the options.
    """
    if mapped.freight_in_line_amount:
        net = frame[LINE_AMOUNT] - frame[FREIGHT_AMOUNT].fillna(0)
        frame = frame.assign(**{LINE_AMOUNT: net.round(CONVERTED_DECIMALS)})
    if mapped.credit_note_sign is CreditNoteSign.POSITIVE and DOCUMENT_TYPE in frame:
        credit = frame[DOCUMENT_TYPE].eq(DocumentType.CREDIT_NOTE).fillna(value=False).astype(bool)
        signed = [column for column in _SIGNED if column in frame]
        frame = frame.assign(**{c: frame[c].mask(credit, -frame[c]) for c in signed})
    return frame
