"""Thresholds of the gates, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GateThresholds:
    """Thresholds of the gates, each with its reason.

    level: chance that a sound model is refused by one gate's tests, all sites and classes
        together. 5 %, as usual: rarer would let small sites hide real faults.
    fewest_groups: independent outcomes that a site or class needs to be judged by itself;
        below ten a resample says little about what another year would bring.
    resamples: drawings behind a 95 % interval, whose ends then rest on ten each.
    """

    level: float = 0.05
    fewest_groups: int = 10
    resamples: int = 400
    seed: int = 17

    # TRG001. Groups are asked about again after an earlier outcome was known (site-items), or
    # share one outcome (shipments). More than half of the former makes them standing groups.
    standing: float = 0.5

    # TRG002. A feature that removes four fifths of the uncertainty by itself is nearly the
    # answer; one that does what the whole model does, and half of the uncertainty, is as odd.
    most_explained: float = 0.8
    same_as_model: float = 0.9
    odd_alone: float = 0.5
    most_gain: float = 0.9

    # TRG004. Asks compared before and after the future was changed, and at how many moments.
    replayed: int = 150
    moments: int = 1

    # TRG007. A share misstated by three in a hundred does not change whom a case is sent to; a
    # site or class may be off by five, for nothing calibrates it by itself.
    calibration_slack: float = 0.03
    part_calibration_slack: float = 0.05
    simulations: int = 1000

    # TRG008. The rate is promised over all asks. A site or class is not calibrated by itself
    # unless it is said to be, and may cover three in a hundred less.
    coverage_slack: float = 0.01
    part_coverage_slack: float = 0.03

    # TRG009. A reviewer's queue of 200 is scored in ten seconds by a model at this limit, and
    # one that is twenty times bigger than ours still loads in seconds.
    milliseconds: float = 50.0
    megabytes: float = 100.0
    scorings: int = 40

    # TRG010. Fitted again on a sample and in fewer rounds, for the sake of time. So few asks move
    # scores more than the whole set would: one in ten with a thousand asks, so a quarter may.
    refit_rows: int = 1500
    refit_rounds: int = 40
    moved: float = 0.10
    most_moved: float = 0.25

    # TRG011. 0.25 is the usual sign of a changed population. What always moves (the month, sums
    # from the beginning) may move twice as far as it did while the model learnt.
    most_drift: float = 0.25
    beyond_before: float = 2.0
    most_unseen: float = 0.10
    stretches: int = 3

    # TRG013. With fewer events a rate is off by half its size, or its direction is unknown.
    class_events: int = 30
    site_events: int = 10
    measured_events: int = 5
