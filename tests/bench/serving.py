"""This service beside its peers: one model, the same cases, in turn in one run.

Ratios are of the same round; smallest, median, largest. The peers score features that they are
handed; this service computes them, and has the answer on the disk first.

    python -m tests.bench.serving [--rounds 5] [--seconds 4] [--workers 1 2] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from importlib.metadata import version
from pathlib import Path

from models.estimator.trees import Trees
from serving.audit.factory import open_audit
from serving.tasks.messages import Explain
from tests.bench.audit_appends import draft, opened, payload
from tests.bench.load import Connection, Target, client, paced, rate
from tests.bench.peers import handwritten, of_mlflow, ours
from tests.bench.scene import LEAVES, TREES, Scene, eight_classes, scene
from tests.bench.starts import start

PACKAGES = ("lightgbm", "mlflow", "bentoml", "fastapi", "uvicorn", "numba", "numpy")
WAYS = {
    Explain.NONE: "features, score, record",
    Explain.ALL: "features, score, explanation, record",
}
MLFLOW = "mlflow models serve, signature"
CONNECTIONS = 16
BATCH = 1000
KILOBYTE = 1024
Spread = tuple[float, float, float]
Line = dict[str, object]


def versions() -> dict[str, str]:
    """Return the versions of the packages and the machine's properties."""
    packages = {name: version(name) for name in PACKAGES}
    return packages | {
        "python": platform.python_version(),
        "processors": str(os.cpu_count()),
        "load": client(),
    }


def spread(values: list[float]) -> Spread:
    """Return the smallest, median and largest value."""
    return min(values), statistics.median(values), max(values)


def over(values: list[float], others: list[float]) -> Spread:
    """Return the spread of the ratios of the same rounds."""
    return spread([a / b for a, b in zip(values, others, strict=True)])


def servers(of: Scene, rounds: int, seconds: float, workers: list[int]) -> list[Line]:
    """Measure the answers per second of each server in turn, and the time of batches.

    workers: numbers of processes to run this service with; the peers have one each.
    """
    with ExitStack() as stack:
        own: dict[str, Target] = {}
        scenes = [of.apart(f"of_{count}") for count in workers]
        for own_scene, count in zip(scenes, workers, strict=True):
            port = stack.enter_context(ours(own_scene, count)).port
            noun = "process" if count == 1 else "processes"
            own |= {f"{way}; {count} {noun}": of.asking(port, e) for e, way in WAYS.items()}
        peers: dict[str, Target] = {
            MLFLOW: stack.enter_context(of_mlflow(of, signature=True)),
            "mlflow models serve": stack.enter_context(of_mlflow(of, signature=False)),
            "FastAPI by hand": stack.enter_context(handwritten(of)),
        }
        rates: dict[str, list[float]] = {name: [] for name in (*own, *peers)}
        for i in range(rounds + 1):  # the first warms up
            for name, target in (own | peers).items():
                reached = rate(target, CONNECTIONS, seconds if i else 1)
                rates[name] += [reached] if i else []
        lines = [_own(name, target, rates, peers, seconds) for name, target in own.items()]
        lines += [_peer(name, target, rates[name], seconds) for name, target in peers.items()]
        port = next(iter(own.values())).port
        return [*lines, *(_batch(scenes[0], of.asking(port, e, BATCH), e, rounds) for e in WAYS)]


def _own(
    name: str,
    target: Target,
    rates: Mapping[str, list[float]],
    peers: Mapping[str, Target],
    seconds: float,
) -> Line:
    against = {peer: over(rates[name], rates[peer]) for peer in peers}
    return _peer(f"this service: {name}", target, rates[name], seconds) | {"against": against}


def _peer(name: str, target: Target, rates: list[float], seconds: float) -> Line:
    """Add to the rates the latency at a fifth of the median rate."""
    slow = paced(target, statistics.median(rates) / 5, 2 * seconds)
    late = [slow[len(slow) // 2], slow[int(len(slow) * 0.99)]]
    return {"what": name, "a second": spread(rates), "p50, p99 ms": late}


def _batch(of: Scene, target: Target, explain: Explain, rounds: int) -> Line:
    """Compare a batch over HTTP with predicting its rows and writing entries of its size."""

    def ask() -> bytes:  # on a connection of its own: an idle one is closed after some seconds
        with Connection(target) as connection:
            return connection.ask()

    identifiers = [one["id"] for one in json.loads(ask())["recommendations"]]
    with closing(open_audit(of.lake)) as record:
        entries = [record.read(identifier) for identifier in identifiers]
        weight = statistics.mean(len(entry.body) for entry in entries)
    content, own, bare = payload(max(1, round(weight / KILOBYTE))), [], []
    with opened("sqlite") as store:
        for _ in range(rounds):
            own.append(_seconds(ask))
            drafts = [draft(content) for _ in range(BATCH)]
            bare.append(_seconds(lambda: of.booster.predict(of.rows, num_threads=1)))
            bare[-1] += _seconds(lambda drafts=drafts: store.append(drafts))
    name = f"batch of {BATCH}: {WAYS[explain]}; entries of {weight / KILOBYTE:.0f} KB"
    against = {"time of Booster.predict and one write": over(own, bare)}
    return {"what": name, "a second": spread([BATCH / t for t in own]), "against": against}


def explanations(of: Scene, rounds: int, trees: int, leaves: int) -> list[Line]:
    """Compare our TreeSHAP with `pred_contrib`, row by row on one thread."""
    many = eight_classes(of, trees // 3, leaves)
    lines = []
    for name, booster in (("two classes", of.booster), ("all of eight classes", many)):
        text = booster.model_to_string()
        theirs = partial(booster.predict, pred_contrib=True, num_threads=1, validate_features=False)
        ways = {"own": Trees(text).load().contributions, "theirs": theirs}
        durations: dict[str, list[float]] = {way: [] for way in ways}
        for i in range(max(rounds, 5) * 2):
            row = of.rows[i : i + 1]
            for way, explain in ways.items():
                durations[way].append(_seconds(partial(explain, row)))
        rates = spread([1 / took for took in durations["own"]])
        against = {"pred_contrib": over(durations["theirs"], durations["own"])}
        lines.append({"what": f"TreeSHAP, {name}", "a second": rates, "against": against})
    return lines


def starts(of: Scene, rounds: int) -> list[str]:
    """Compare time and memory up to the first answer with mlflow's server."""
    pairs = [
        (start(ours(of)), start(of_mlflow(of, signature=True))) for _ in range(max(1, rounds // 2))
    ]
    sentences = []
    for at, unit in ((0, "s to the first answer"), (1, "MB then")):
        own, theirs = ([pair[who][at] for pair in pairs] for who in (0, 1))
        ratio = statistics.median(a / b for a, b in zip(own, theirs, strict=True))
        own_middle, middle = statistics.median(own), statistics.median(theirs)
        sentences.append(f"{own_middle:.1f} {unit}, {MLFLOW} {middle:.1f}: {ratio:.2f}x")
    return sentences


def _seconds(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def table(lines: list[Line]) -> str:
    """Format the lines as a Markdown table."""
    rows = [
        "| what | a second (least to most) | against others in the same round | p50, p99 ms |",
        "| --- | --- | --- | --- |",
    ]
    for line in lines:
        low, middle, high = line["a second"]
        ratios = [
            f"{middle_ratio:.2f}x ({least:.2f} to {most:.2f}) {name}"
            for name, (least, middle_ratio, most) in line.get("against", {}).items()
        ]
        late = ", ".join(f"{value:.1f}" for value in line.get("p50, p99 ms", []))
        rows.append(
            f"| {line['what']} | {middle:,.0f} ({low:,.0f} to {high:,.0f})"
            f" | {'; '.join(ratios)} | {late} |"
        )
    return "\n".join(rows)


def main() -> None:
    """Measure, print the table, and write it."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=4.0, help="of load on one server")
    arguments.add_argument(
        "--workers", type=int, nargs="+", default=[1, 2], help="processes of this service"
    )
    arguments.add_argument("--trees", type=int, default=TREES)
    arguments.add_argument("--leaves", type=int, default=LEAVES)
    arguments.add_argument("--out", type=Path, default=Path(".triage/bench"))
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as home:
        of = scene(Path(home), options.trees, options.leaves)
        lines = servers(of, options.rounds, options.seconds, options.workers)
        lines += explanations(of, options.rounds, options.trees, options.leaves)
        began = starts(of, options.rounds)
    about = ", ".join(f"{name} {what}" for name, what in versions().items())
    about += (
        f"; {options.trees} trees of {options.leaves} leaves; one process a peer;"
        f" {CONNECTIONS} connections; p50 and p99 at a fifth of what was reached"
    )
    text = "\n".join([about, "", table(lines), "", *began, ""])
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "serving.md").write_text(text)
    (options.out / "serving.json").write_text(
        json.dumps({"versions": versions(), "lines": lines, "starts": began}, indent=1)
    )
    print(text)


if __name__ == "__main__":
    main()
