"""Sections of a model card, one function each."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from models.rule_precision import EVERYWHERE
from training.card.document import (
    ALL,
    CLASS,
    NO_VALUE,
    SITE,
    Cell,
    Section,
    Table,
    figure_cell,
    figures_table,
    segment_names,
    text_cells,
)
from training.card.facts import CardFacts
from training.registry.run_tracking import LEFT_OUT_PARAMETER
from training.tasks.catalogue import TRAINING_TASKS

DIGEST_SHOWN = 12
NEVER_USED_FOR = (
    (
        "To act by itself: it releases, posts, orders and pays nothing. A person decides, and may "
        "decide otherwise with a reason."
    ),
    "To judge people or teams: it points a case at a role and knows no person.",
    (
        "Where the service says that it does not advise (keys never seen, values out of range, "
        "stale history, an interval too wide): treat such a case as if there were no model."
    ),
)


def purpose(facts: CardFacts) -> Section:
    """Section: purpose of the model."""
    mine = TRAINING_TASKS[facts.task].purpose
    horizon = facts.asked.get("horizon_days")
    points = [
        f"Asked about: {mine.ask}.",
        f"Answers: probabilities of {', '.join(facts.asked['classes'])}{_interval(facts)}.",
        f"Read by: {mine.readers}.",
        f"Looks {horizon} days ahead." if horizon else "",
        f"Owner: {facts.owner or 'not stated; set TRIAGE_OWNER to the role that answers for it'}.",
        "Recommendation only: it advises, a person decides.",
    ]
    return Section("purpose", "What it is for", [mine.use], [p for p in points if p])


def never(facts: CardFacts) -> Section:
    """Section: uses that are ruled out."""
    return Section(
        "never",
        "What it must not be used for",
        points=[*NEVER_USED_FOR, *TRAINING_TASKS[facts.task].purpose.never],
    )


def data(facts: CardFacts) -> Section:
    """Section: training data."""
    manifest, files = facts.found.manifest, facts.found.manifest.get("files", {})
    held_out = facts.found.metrics.get("rows")
    points = [
        (
            f"Period: asked from {str(manifest.get('first', '-'))[:10]} to "
            f"{str(manifest.get('last', '-'))[:10]}; only labels that had matured."
        ),
        (
            f"Asks: {manifest.get('rows', 0):,}, of which the newest {held_out or 0:,.0f} were "
            "held out; every figure on this card is from those."
        ),
        (
            f"Trained {facts.trained_at:%Y-%m-%d %H:%M} UTC by "
            f"{facts.found.trained_by or 'nobody knows whom'}."
        ),
        (
            f"Digests: data manifest {_short(facts.found.data_digest)}, "
            f"training set {_short(manifest.get('asks'))}, "
            f"code {_short(manifest.get('code'))}, model {_short(facts.found.digest)}."
        ),
    ]
    rows = [
        [Cell(name), Cell(f"{file.get('rows', 0):,}"), Cell(str(file["sha256"])[:DIGEST_SHOWN])]
        for name, file in sorted(files.items())
    ]
    tables = [Table(["source", "rows", "sha256"], rows, frozenset({1}))] if rows else []
    return Section("data", "What it learnt from", points=points, tables=tables)


def features(facts: CardFacts) -> Section:
    """Section: features by theme."""
    listed = sorted(facts.asked["features"], key=lambda f: f["theme"])
    rows = [
        text_cells(theme, ", ".join(_feature(f) for f in group))
        for theme, group in groupby(listed, key=lambda f: f["theme"])
    ]
    told = [f"{len(listed)} features. All of them are known when the question is asked."]
    if left_out := facts.parameters.get(LEFT_OUT_PARAMETER):
        told.append(f"{left_out}. They come back with the first training that has the history.")
    return Section(
        "features", "What it looks at", told, tables=[Table(["theme", "features"], rows)]
    )


def metrics(facts: CardFacts) -> Section:
    """Section: metrics overall, per site and per class."""
    if not facts.views:
        titles = "The run has no figures per site and class (views.json)."
        return Section("metrics", "How good it is", [titles])
    sites, classes = segment_names(facts.views, SITE), segment_names(facts.views, CLASS)
    everything = {ALL: "all"}
    titles = (
        "On the newest asks, which nothing was learnt from. Under each figure its 95 % interval, "
        "by drawing whole groups of asks again. Log-loss and calibration error: lower is better; "
        "PR-AUC: higher is better, chance is the share of events."
    )
    by_class = "Each class against all others; what is said of sets is of the class's asks."
    return Section(
        "metrics",
        "How good it is, per site and class",
        [titles],
        tables=[
            figures_table(facts.views, [*everything, *sites], "site", everything | sites),
            figures_table(facts.views, classes, "class", classes),
        ],
        notes=[by_class],
    )


def meaning(facts: CardFacts) -> Section:
    """Section: calibration of probabilities and coverage of sets."""
    overall = facts.views.get(ALL, {})
    labels = {
        "ece": "Calibration error: how far stated probabilities lie from what happened",
        "ece_by_chance": "What it would be by chance alone, were every probability true",
        "said": "Mean probability that was said of the event",
        "prevalence": "Share that ended so",
        "coverage": "The set of classes held the truth",
        "set_size": "Classes in that set",
        "interval_coverage": "The interval of the delay held the truth",
        "abstained": "Asks without advice, with a reason",
    }
    rows = [
        [Cell(text), figure_cell(name, overall[name])]
        for name, text in labels.items()
        if name in overall
    ]
    if not rows:
        text = ["The run has no such figures (views.json)."]
        return Section("meaning", "Do its probabilities mean what they say?", text)
    head = ["", "held-out asks"]
    return Section(
        "meaning",
        "Do its probabilities mean what they say?",
        tables=[Table(head, rows, frozenset({1}))],
        notes=["The reliability diagram is in the run, under plots/."],
    )


def comparison(facts: CardFacts) -> Section:
    """Section: comparison with baselines and the previous champion."""
    title = "Against simpler ways, and the champion"
    if not facts.comparison:
        sentence = "The run has no comparison; what the gates found is under Gates."
        return Section("comparison", title, [sentence])
    names = {"log_loss": "log-loss", "brier": "Brier", "ece": "calibration error"}
    names |= {"pr_auc": "PR-AUC"}
    rows = [
        [Cell(_known_as(str(one["name"]))), *(figure_cell(n, {"value": one.get(n)}) for n in names)]
        for one in facts.comparison
    ]
    sentence = "All on the same held-out asks."
    shown = Table(["", *names.values()], rows, frozenset(range(1, len(names) + 1)))
    return Section("comparison", title, [sentence], tables=[shown])


def rules(facts: CardFacts) -> Section:
    """Section: precision of the rules, and the share of cases flagged against recall."""
    title = "What its rules are worth"
    if not facts.rules:
        return Section("rules", title, ["The rules were not measured when it was trained."])
    sites = sorted({site for figures in facts.rules.values() for site in figures} - {EVERYWHERE})
    head = ["rule", "found", "own class", "exceptions", *sites]
    shown = [
        [
            Cell(code),
            Cell(f"{figures[EVERYWHERE]['found']:,}"),
            Cell(f"{figures[EVERYWHERE]['own_class']:,}"),
            *(_precision_cell(figures.get(site)) for site in (EVERYWHERE, *sites)),
        ]
        for code, figures in sorted(facts.rules.items())
    ]
    curve = [
        [Cell(str(point["name"])), Cell(f"{point['flagged']:.1%}"), Cell(f"{point['recall']:.1%}")]
        for point in facts.review
    ]
    return Section(
        "rules",
        title,
        [
            (
                "Share of the cases that each rule found which ended as an exception of any kind, "
                "on the settled asks it learnt from, with Wilson's 95 % interval. A rule whose "
                "interval ends below the policy's floor informs and does not flag."
            )
        ],
        tables=[
            Table(head, shown, frozenset(range(1, len(head)))),
            Table(["flagged by", "cases flagged", "exceptions found"], curve, frozenset({1, 2})),
        ],
        notes=["The second table is of the held-out asks."],
    )


def _precision_cell(figures: Mapping[str, float] | None) -> Cell:
    if figures is None or not figures["found"]:
        return Cell(NO_VALUE)
    share = figures["exceptions"] / figures["found"]
    return Cell(f"{share:.0%}", f"{figures['low']:.0%} to {figures['high']:.0%}", share)


def limits(facts: CardFacts) -> Section:
    """Section: limits of the model."""
    last = str(facts.found.manifest.get("last", "-"))[:10]
    points = [
        f"It knows nothing of what changed after {last}: new suppliers, systems or habits.",
        "Its figures are of one stretch of time; another season may differ.",
        ("It learnt from cases as they ended here; what never happened here is not in it."),
        *TRAINING_TASKS[facts.task].purpose.limits,
        *_seldom_covered(facts),
    ]
    return Section("limits", "Limits", points=points)


def monitoring(facts: CardFacts) -> Section:
    """Section: monitoring and the next review."""
    points = [
        (
            "`triage monitor` compares what the service recorded with this model's reference, at "
            "each site, and says whether to retrain, with reasons."
        ),
        (
            "Triggers: inputs or scores that moved, keys never seen or values missing more often, "
            "probabilities that no longer match outcomes, sets that hold the truth less often than "
            "stated, more cases without advice, people who override more."
        ),
        (
            "Retrain also when a site or system joins, a source changes units or mapping, or a "
            "policy changes what counts as an exception."
        ),
        f"`triage train {facts.task}` makes a challenger; it passes the gates or is refused.",
    ]
    return Section("monitoring", "When to look again", points=points)


def retiring(facts: CardFacts) -> Section:
    """Section: how to take the model out of service."""
    points = [
        (
            f'`triage rollback {facts.task} --reason "..."` takes the task back to the champion '
            "before, in one step, on the record; a running service takes it within seconds."
        ),
        (
            "With no successor: move champion.json out of the task's folder of models and start "
            "the service again. It then answers that the task is not served, and cases go their "
            "usual way, unscored."
        ),
        "Runs, versions, artefacts and the record stay, so that old answers can be explained.",
    ]
    return Section("retiring", "How to retire it", points=points)


def _seldom_covered(facts: CardFacts) -> list[str]:
    """Classes whose asks the set of classes holds less often than it holds the others."""
    low = facts.views.get(ALL, {}).get("coverage", {}).get("low")
    classes = []
    for view, name in segment_names(facts.views, CLASS).items():
        figure = facts.views[view].get("coverage", {})
        high = figure.get("high")
        if low is not None and high is not None and high < low:
            classes.append(
                f"Of asks that end as {name}, the set of classes holds the truth for only "
                f"{figure_cell('coverage', figure).text}: read its probability, not the set."
            )
    return classes


def _interval(facts: CardFacts) -> str:
    levels = facts.asked.get("quantiles") or []
    return f", and an interval of delay in days ({levels[0]:g} to {levels[-1]:g})" if levels else ""


def _known_as(name: str) -> str:
    return "this model" if name == "model" else name


def _short(digest: str | None) -> str:
    return digest[:DIGEST_SHOWN] if digest else "not recorded"


def _feature(feature: dict[str, str]) -> str:
    name = feature["name"].replace("_", " ")
    return f"{name} ({feature['unit']})" if feature["unit"] else name
