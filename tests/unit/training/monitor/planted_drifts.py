"""Weeks of the quiet world with one thing changed, and what the monitor says of them."""

import functools

import numpy as np

from training.monitor import false_alarm_rate
from training.monitor.report import MonitoringInputs, monitor_champion
from training.monitor.signals import MonitorThresholds

SINCE = false_alarm_rate.START + false_alarm_rate.WEEK
UNTIL = SINCE + false_alarm_rate.WEEK


@functools.cache
def baseline():
    return false_alarm_rate.stationary_reference(1)


def week(seed=5, rows=300, earlier=600):
    return false_alarm_rate.draw_week(np.random.default_rng(seed), rows, earlier)


def report(frames, **changes):
    return monitor_champion(
        changes.pop("baseline", baseline()), frames, SINCE, UNTIL, MonitorThresholds(**changes)
    )


def with_features(frames, site, change):
    """The week with `change(features)` applied to the window's cases of a site, or of all."""
    asked = frames.recommendations.copy()
    here = (asked["asked_at"] >= SINCE) & (asked["site_id"].eq(site) | (site is None))
    asked["features"] = [
        change(dict(f)) if mark else f for f, mark in zip(asked["features"], here, strict=True)
    ]
    return MonitoringInputs(asked, frames.decisions, frames.outcomes)


def with_ends(frames, site, share, seed=3):
    """The week in which that share of a site's cases (of all sites') that ended well did not."""
    ended = frames.outcomes.copy()
    asked = frames.recommendations.set_index("id").loc[ended["recommendation_id"]]
    here = asked["site_id"].to_numpy() == site if site else np.ones(len(ended), dtype=bool)
    turned = here & (np.random.default_rng(seed).random(len(ended)) < share)
    ended["label"] = np.where(turned, 1, ended["label"])
    return MonitoringInputs(frames.recommendations, frames.decisions, ended)
