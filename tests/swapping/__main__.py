"""The large runs: models that move and are damaged under load, and restarts under load.

python -m tests.swapping --requests 100000 --damaged 1000
python -m tests.swapping --restarts 20 --between 500
"""

import argparse
import socket
import sys
import tempfile
from pathlib import Path

from tests.swapping import restarts
from tests.swapping.trial import run


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--damaged", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--restarts", type=int, default=0, help="instead of moving models")
    parser.add_argument("--between", type=int, default=500, help="answers between two restarts")
    asked = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return restarted(asked, port) if asked.restarts else swapped(asked, port)


def restarted(asked: argparse.Namespace, port: int) -> int:
    with tempfile.TemporaryDirectory() as home:
        made = restarts.run(Path(home), port, asked.restarts, asked.between, asked.clients)
    lines = [
        f"{len(made.answered)} requests answered over {asked.restarts} restarts",
        f"refused while it was away, and sent again: {made.sent_again}",
        f"read by the service, and not answered: {len(made.cut)}",
        f"on record, and not answered at first: {len(made.replayed)}",
        f"answered wrongly, or not once on record: {len(made.wrong)}",
        *made.wrong[:3],
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return int(bool(made.cut or made.replayed or made.wrong))


def swapped(asked: argparse.Namespace, port: int) -> int:
    with tempfile.TemporaryDirectory() as home:
        made = run(Path(home), port, asked.requests, asked.damaged, asked.clients)
    load, good = made.load, set(made.load.versions.digests.values())
    lines = [
        f"{load.asked} requests in {made.seconds:.0f} s, by version {dict(load.by_version)}",
        f"failed {len(load.failed)}, another model than named {len(load.wrong)}",
        f"alias moved {made.moved} times",
        f"damaged offered {made.offered}, refused {made.refused}, loaded {len(made.loaded - good)}",
        f"memory {made.memory[0]:.0f} MiB, then {made.memory[1]:.0f} MiB",
        *load.failed[:3],
        *load.wrong[:3],
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return int(bool(load.failed or load.wrong or made.loaded - good))


if __name__ == "__main__":
    sys.exit(main())
