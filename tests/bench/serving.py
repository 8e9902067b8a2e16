"""This service beside its peers: one model, one case, in turn in one run.

Ratios are of the same round; smallest, median, largest. The peers score features that they
are handed; this service computes them, explains the score and has it on the disk first.

    python -m tests.bench.serving [--rounds 5] [--seconds 4] [--workers 1] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from models.artefact import load
from models.trees import Explainer, Trees
from tests.bench.audit_appends import draft, opened, payload
from tests.bench.load import Connection, Target, client, paced, rate
from tests.bench.peers import (
    LEAVES,
    ROWS,
    TASK,
    TREES,
    Scene,
    drawn,
    grown,
    handwritten,
    of_mlflow,
    ours,
    scene,
)
from tests.bench.starts import start
from tests.synthetic_service import case

PACKAGES = ("lightgbm", "mlflow", "bentoml", "fastapi", "uvicorn", "numba", "numpy")
OURS = "this service: features, score, explanation, record"
MLFLOW = "mlflow models serve, signature"
CONNECTIONS = 16
BATCH = 1000
Line = dict[str, object]


def versions() -> dict[str, str]:
    """What ran, and where."""
    found = {name: version(name) for name in PACKAGES}
    return found | {
        "python": platform.python_version(),
        "processors": str(os.cpu_count()),
        "load": client(),
    }


def spread(values: list[float]) -> tuple[float, float, float]:
    """Smallest, median, largest."""
    return min(values), statistics.median(values), max(values)


def servers(of: Scene, rounds: int, seconds: float, workers: int) -> tuple[list[Line], float]:
    """Answers a second of each, and this service's ceiling; one of them is asked at a time.

    workers: processes of each server.
    """
    with ExitStack() as stack:
        peers: dict[str, Target] = {
            OURS: stack.enter_context(ours(of, workers)),
            MLFLOW: stack.enter_context(of_mlflow(of, workers, signature=True)),
            "mlflow models serve": stack.enter_context(of_mlflow(of, workers, signature=False)),
            "FastAPI by hand": stack.enter_context(handwritten(of, workers)),
        }
        found: dict[str, list[float]] = {name: [] for name in (*peers, "Booster.predict")}
        for i in range(rounds + 1):  # the first warms up
            for name, target in peers.items():
                reached = rate(target, CONNECTIONS, seconds if i else 1)
                found[name] += [reached] if i else []
            found["Booster.predict"] += [_bare(of, seconds / 4)] if i else []
        ceiling = statistics.median(found[OURS])
        slow = {name: paced(target, ceiling / 5, seconds) for name, target in peers.items()}
        batch = _batch(of, peers[OURS], rounds)
    lines = [_line(name, rates, found[OURS], slow.get(name)) for name, rates in found.items()]
    return [*lines, batch], ceiling


def _bare(of: Scene, seconds: float) -> float:
    row, done, began = of.rows[:1], 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        of.booster.predict(row, num_threads=1)
        done += 1
    return done / (time.perf_counter() - began)


def _line(name: str, rates: list[float], own: list[float], slow: list[float] | None) -> Line:
    ratios = spread([ours / theirs for ours, theirs in zip(own, rates, strict=True)])
    late = [] if slow is None else [slow[len(slow) // 2], slow[int(len(slow) * 0.99)]]
    return {"what": name, "a second": spread(rates), "ratio": ratios, "p50, p99 ms": late}


def _batch(of: Scene, target: Target, rounds: int) -> Line:
    """A batch over HTTP against predicting its rows and writing as many entries."""
    body = json.dumps({"cases": [case(TASK, i) for i in range(BATCH)]}).encode()
    large = Target(target.port, target.path, body)

    def ask() -> None:  # on a connection of its own: an idle one is closed after some seconds
        with Connection(large) as connection:
            connection.ask()

    ask()
    content, own, bare = payload(30), [], []
    with opened("sqlite") as store:
        for _ in range(rounds):
            own.append(_seconds(ask))
            drafts = [draft(content) for _ in range(BATCH)]
            bare.append(_seconds(lambda: of.booster.predict(of.rows, num_threads=1)))
            bare[-1] += _seconds(lambda drafts=drafts: store.append(drafts))
    ratios = spread([a / b for a, b in zip(own, bare, strict=True)])
    rates = spread([BATCH / took for took in own])
    name = f"batch of {BATCH}: cases a second; times the time of Booster.predict and one write"
    return {"what": name, "a second": rates, "ratio": ratios, "p50, p99 ms": []}


def explanations(of: Scene, rounds: int, trees: int, leaves: int) -> list[Line]:
    """Our TreeSHAP against pred_contrib, a row at a time, one thread."""
    folder = of.lake.models / TASK
    digest = json.loads((folder / "champion.json").read_text())["digest"]
    model = load(folder / digest)
    many = grown(model, drawn(model, ROWS // 5), 8, trees // 3, leaves)
    lines = []
    for name, booster in (("two classes", of.booster), ("all of eight classes", many)):
        text = booster.model_to_string()
        new, old = Trees(text).load(), Trees(text, Explainer.PRED_CONTRIB).load()
        found: dict[str, list[float]] = {"new": [], "old": []}
        for i in range(max(rounds, 5) * 2):
            row = of.rows[i : i + 1]
            for way, trees_of in (("new", new), ("old", old)):
                found[way].append(_seconds(lambda t=trees_of, r=row: t.contributions(r)))
        ratios = spread([b / a for a, b in zip(found["new"], found["old"], strict=True)])
        rates = spread([1 / took for took in found["new"]])
        what = f"TreeSHAP of {name} against pred_contrib"
        lines.append({"what": what, "a second": rates, "ratio": ratios, "p50, p99 ms": []})
    return lines


def starts(of: Scene, rounds: int) -> list[str]:
    """What it takes from nothing to the first answer, this service against mlflow's."""
    found = [
        (start(ours(of)), start(of_mlflow(of, signature=True))) for _ in range(max(1, rounds // 2))
    ]
    told = []
    for at, unit in ((0, "s to the first answer"), (1, "MB then")):
        own, theirs = ([pair[who][at] for pair in found] for who in (0, 1))
        ratio = statistics.median(a / b for a, b in zip(own, theirs, strict=True))
        own_middle, middle = statistics.median(own), statistics.median(theirs)
        told.append(f"{own_middle:.1f} {unit}, {MLFLOW} {middle:.1f}: {ratio:.2f}x")
    return told


def _seconds(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def table(lines: list[Line]) -> str:
    """As Markdown."""
    rows = [
        "| what | a second (least to most) | ratio | p50, p99 ms |",
        "| --- | --- | --- | --- |",
    ]
    for line in lines:
        low, middle, high = line["a second"]
        least, ratio, most = line["ratio"]
        late = ", ".join(f"{value:.1f}" for value in line["p50, p99 ms"])
        rows.append(
            f"| {line['what']} | {middle:,.0f} ({low:,.0f} to {high:,.0f})"
            f" | {ratio:.2f}x ({least:.2f} to {most:.2f}) | {late} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Measure, print the table, and write it."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=4.0, help="of load on one server")
    arguments.add_argument("--workers", type=int, default=1, help="processes of each server")
    arguments.add_argument("--trees", type=int, default=TREES)
    arguments.add_argument("--leaves", type=int, default=LEAVES)
    arguments.add_argument("--rows", type=int, default=ROWS, help="that the model learns from")
    arguments.add_argument("--out", type=Path, default=Path(".triage/bench"))
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as home:
        of = scene(Path(home), given.trees, given.leaves, given.rows)
        lines, ceiling = servers(of, given.rounds, given.seconds, given.workers)
        lines += explanations(of, given.rounds, given.trees, given.leaves)
        began = starts(of, given.rounds)
    about = ", ".join(f"{name} {what}" for name, what in versions().items())
    about += (
        f"; {given.trees} trees of {given.leaves} leaves; {given.workers} processes a server;"
        f" latency at {ceiling / 5:.0f} a second"
    )
    text = "\n".join([about, "", table(lines), "", *began, ""])
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "serving.md").write_text(text)
    (given.out / "serving.json").write_text(
        json.dumps({"versions": versions(), "lines": lines, "starts": began}, indent=1)
    )
    print(text)


if __name__ == "__main__":
    main()
