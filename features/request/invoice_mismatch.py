"""Features of invoice_mismatch: in what class will this invoice line end?

Who booked it is no feature: people are not scored by their behaviour.
"""

from features.request import invoice_paper, invoice_past, invoice_price, invoice_quantity
from features.request.shapes import INVOICE_MISMATCH

SHAPE = INVOICE_MISMATCH
STREAMS = invoice_past.STREAMS
FEATURES = (
    *invoice_price.FEATURES,
    *invoice_quantity.FEATURES,
    *invoice_paper.FEATURES,
    *invoice_past.FEATURES,
)
