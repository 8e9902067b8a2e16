"""Features of supplier_delay: will this open order line come later than promised?

No order number or other identifier that rises with time is among them: it would act as a
clock and say nothing about the next order.
"""

from features.request import delay_messages, delay_order, delay_past
from features.request.shapes import SUPPLIER_DELAY

SHAPE = SUPPLIER_DELAY
STREAMS = delay_past.STREAMS
FEATURES = (*delay_order.FEATURES, *delay_messages.FEATURES, *delay_past.FEATURES)
