"""Run the large trials: models swapped and damaged under load, and restarts under load.

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
    options = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return restarted(options, port) if options.restarts else swapped(options, port)


def restarted(options: argparse.Namespace, port: int) -> int:
    with tempfile.TemporaryDirectory() as home:
        result = restarts.run(Path(home), port, options.restarts, options.between, options.clients)
    lines = [
        f"{len(result.answered)} requests answered over {options.restarts} restarts",
        f"refused while it was away, and sent again: {result.sent_again}",
        f"read by the service, and not answered: {len(result.cut)}",
        f"on record, and not answered at first: {len(result.replayed)}",
        f"answered wrongly, or not once on record: {len(result.wrong)}",
        *result.wrong[:3],
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return int(bool(result.cut or result.replayed or result.wrong))


def swapped(options: argparse.Namespace, port: int) -> int:
    with tempfile.TemporaryDirectory() as home:
        result = run(Path(home), port, options.requests, options.damaged, options.clients)
    load, good = result.load, set(result.load.versions.digests.values())
    lines = [
        f"{load.asked} requests in {result.seconds:.0f} s, by version {dict(load.by_version)}",
        f"failed {len(load.failed)}, another model than named {len(load.wrong)}",
        f"alias moved {result.moved} times",
        f"damaged offered {result.offered}, refused {result.refused}, loaded {len(result.loaded - good)}",
        f"memory {result.memory[0]:.0f} MiB, then {result.memory[1]:.0f} MiB",
        *load.failed[:3],
        *load.wrong[:3],
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return int(bool(load.failed or load.wrong or result.loaded - good))


if __name__ == "__main__":
    sys.exit(main())
