"""Specs of the purchasing tasks ask for the features they speak of, and no more."""

from types import ModuleType

from tests.spec.paths import Asking, Tables
from tests.spec.tables import cells, expect


def tells(
    ask: Asking,
    task: ModuleType,
    asks: str,
    expected: str,
    *,
    past: str = "",
    tables: Tables | None = None,
    children: Tables | None = None,
) -> None:
    """The features that head the columns of `expected` have its values.

    past: names of the streams these features read, with spaces between.
    """
    named = {str(feature.name): feature for feature in task.FEATURES}
    streams = {stream.name: stream for stream in task.STREAMS}
    answer = ask.computed(
        task.SHAPE,
        [streams[name] for name in past.split()],
        [named[name] for name in cells(expected).columns],
        tables=tables or {},
        asks=asks,
        children=children or {},
    )
    expect(answer, expected)
