"""Feature set of invoice_mismatch: case shape, history streams and features.

Who booked it is no feature: people are not scored by their behaviour.
"""

from features.tasks.invoice_mismatch import history, paper_trail, price, quantity
from features.tasks.invoice_mismatch.shape import INVOICE_MISMATCH_SHAPE

SHAPE = INVOICE_MISMATCH_SHAPE
STREAMS = history.STREAMS
FEATURES = (
    *price.FEATURES,
    *quantity.FEATURES,
    *paper_trail.FEATURES,
    *history.FEATURES,
)
