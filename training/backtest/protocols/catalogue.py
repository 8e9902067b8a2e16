"""Catalogue of the public sets that can be backtested, one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from training.backtest.protocols import backorders, bpic19, scms_delivery, stockouts_cdi
from training.backtest.protocols.protocol import BacktestProtocol

PROTOCOL_FACTORIES: Mapping[str, Callable[[], BacktestProtocol]] = {
    scms_delivery.SOURCE: scms_delivery.build_protocol,
    stockouts_cdi.SOURCE: stockouts_cdi.build_protocol,
    bpic19.SOURCE: bpic19.build_protocol,
    backorders.SOURCE: backorders.build_protocol,
}


@cache
def _cached_protocol(source: str) -> BacktestProtocol:
    return PROTOCOL_FACTORIES[source]()


class LazyProtocols(Mapping[str, BacktestProtocol]):
    """Protocols by source, each made (and its parameters read) when first asked for."""

    def __getitem__(self, source: str) -> BacktestProtocol:
        return _cached_protocol(source)

    def __iter__(self) -> Iterator[str]:
        return iter(PROTOCOL_FACTORIES)

    def __len__(self) -> int:
        return len(PROTOCOL_FACTORIES)


PROTOCOLS = LazyProtocols()
