"""Feature set of supplier_delay: case shape, history streams and features.

No order number or other identifier that rises with time is among them: it would act as a
clock and say nothing about the next order.
"""

from features.tasks.supplier_delay import history, messages, order_line
from features.tasks.supplier_delay.shape import SUPPLIER_DELAY_SHAPE

SHAPE = SUPPLIER_DELAY_SHAPE
STREAMS = history.STREAMS
FEATURES = (*order_line.FEATURES, *messages.FEATURES, *history.FEATURES)
