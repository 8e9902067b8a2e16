"""The public sets that can be backtested, one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from training.protocols import backorders, bpic19, scms_delivery, stockouts_cdi
from training.protocols.protocol import Protocol

MAKERS: Mapping[str, Callable[[], Protocol]] = {
    scms_delivery.SOURCE: scms_delivery.protocol,
    stockouts_cdi.SOURCE: stockouts_cdi.protocol,
    bpic19.SOURCE: bpic19.protocol,
    backorders.SOURCE: backorders.protocol,
}


@cache
def _made(source: str) -> Protocol:
    return MAKERS[source]()


class Protocols(Mapping[str, Protocol]):
    """Protocols by source, each made (and its parameters read) when first asked for."""

    def __getitem__(self, source: str) -> Protocol:
        return _made(source)

    def __iter__(self) -> Iterator[str]:
        return iter(MAKERS)

    def __len__(self) -> int:
        return len(MAKERS)


PROTOCOLS = Protocols()
