"""The page that compares a challenger in shadow with the champion it would take the place of."""

from __future__ import annotations

from collections.abc import Callable

from serving.audit.store import AuditStore
from serving.desk.pages import environment
from serving.desk.queue import TITLES
from serving.lineup import Lineup
from serving.swap.comparison import MOST_ENTRIES, comparisons


def challenger_page(audit: AuditStore, lineup: Lineup, sees: Callable[[str], bool]) -> str:
    """One HTML page that needs nothing else. sees: whether a site may be told of.

    Raises:
        AuditUnavailableError: the record cannot be read.
    """
    shares = {
        TITLES[name]: (one.version, lineup.canaries[name].share)
        for name, one in lineup.challengers.items()
        if name in lineup.canaries
    }
    return (
        environment()
        .get_template("challenger.html")
        .render(
            found=comparisons(audit, sees),
            titles=TITLES,
            shares=shares,
            refused=dict(lineup.refused),
            most=MOST_ENTRIES,
        )
    )
