"""Lifeline pipe: a process that ends when its parent process is gone.

`python -m serving.server.lifeline ARGUMENTS` is `python -m bentoml ARGUMENTS`, so supervised.
Whoever
starts a process keeps the writing end of a pipe and never writes; the process reads. The pipe
ends the moment its writer does, killed or not, on every system that has pipes.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
from collections.abc import Mapping

LIFELINE_VARIABLE = "TRIAGE_LIFELINE"
"""The variable that tells a process the number of its pipe."""
GRACE_SECONDS = 10
"""For requests that were accepted."""


class Lifeline:
    """A pipe whose end tells the processes that hold its other end that this one is gone.

    Keep it for as long as they are to live.
    """

    def __init__(self) -> None:
        self.end, self.kept = os.pipe()  # what is not passed on is not inherited

    @property
    def environment(self) -> Mapping[str, str]:
        """What tells a process to follow; `end` must be passed to it as well."""
        return {LIFELINE_VARIABLE: str(self.end)}

    def cut(self) -> None:
        """Let whoever still follows end."""
        os.close(self.kept)
        os.close(self.end)


def exit_with_parent() -> None:
    """End this process, as SIGTERM does, when whoever started it is gone.

    What was accepted is finished; what takes longer than the grace is cut off. Does nothing in
    a process that was not started so.
    """
    number = os.environ.get(LIFELINE_VARIABLE, "")
    if number.isdecimal() and _is_pipe(int(number)):
        threading.Thread(target=_wait_for_parent, args=(int(number),), daemon=True).start()


def _is_pipe(number: int) -> bool:
    """Whether that is the pipe: a variable outlives what it speaks of."""
    try:
        return stat.S_ISFIFO(os.fstat(number).st_mode)
    except OSError:
        return False


def _wait_for_parent(number: int) -> None:
    while os.read(number, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(GRACE_SECONDS)
    os._exit(1)


def main() -> None:
    """BentoML's own command, which follows whoever started it, and whom its workers follow."""
    from bentoml_cli.cli import cli  # noqa: PLC0415 - workers import this module, and not that one

    exit_with_parent()
    own = Lifeline()
    os.set_inheritable(own.end, True)
    os.environ.update(own.environment)
    sys.argv[0] = "bentoml"
    cli()


if __name__ == "__main__":
    main()
