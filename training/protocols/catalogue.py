"""The public sets that can be backtested, one line each."""

from __future__ import annotations

from training.protocols.backorders import BACKORDERS
from training.protocols.bpic19 import BPIC19
from training.protocols.protocol import Protocol
from training.protocols.scms_delivery import SCMS_DELIVERY
from training.protocols.stockouts_cdi import STOCKOUTS_CDI

PROTOCOLS: dict[str, Protocol] = {
    protocol.source: protocol for protocol in (SCMS_DELIVERY, STOCKOUTS_CDI, BPIC19, BACKORDERS)
}
