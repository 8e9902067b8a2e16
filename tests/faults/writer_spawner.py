"""Start bare writers by fork, so that Python is loaded once for a thousand kills.

    python -m tests.faults.writer_spawner

Reads one request per line of standard input: the arguments of a writer to start, or the pid of one to
wait for. Says each writer's pid, and its exit code, in the same stream that the writer says its
answers in: all it had said comes before.
"""

import json
import os
import sys

import psycopg  # noqa: F401 - loaded once, for every writer

from tests.faults.writer import main as write
from tests.faults.writer import say


def main() -> None:
    """Start writers until standard input ends; they end with this process."""
    end, _kept = os.pipe()
    for line in sys.stdin:
        wish = json.loads(line)
        if isinstance(wish, int):
            _, status = os.waitpid(wish, 0)
            say({"ended": wish, "code": os.waitstatus_to_exitcode(status)})
            continue
        pid = os.fork()
        if pid == 0:
            os.close(_kept)
            os._exit(_written(wish, end))
        say({"started": pid})


def _written(wish: list[str], end: int) -> int:
    """Run a writer and return its exit code; errors go to the log."""
    try:
        return write(wish, end)
    except BaseException:  # noqa: BLE001 - nothing may get past the fork
        sys.excepthook(*sys.exc_info())
        return 1


if __name__ == "__main__":
    main()
