"""Make expensive content once per run of pytest, and copy it to every test that needs it.

Processes of pytest-xdist share the folder that `tests/conftest.py` names in the environment.
Without that folder, as in `python -m tests.bench`, everything is made where it is asked for.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

SHARED_FOLDER_VARIABLE = "TESTS_MADE_ONCE"
"""The environment variable that names the shared folder."""


def copy_made_once_per_run(name: str, target: Path, make: Callable[[Path], object]) -> Path:
    """Fill `target`, which may exist, with a copy of the folder that `make` fills.

    name: identifies the content, so it must name everything that the content depends on.
    """
    shared = os.environ.get(SHARED_FOLDER_VARIABLE)
    if shared is None:
        make(target)
        return target
    source = Path(shared) / name
    source.parent.mkdir(parents=True, exist_ok=True)
    with source.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the others wait for the first; a dead one lets go
        if not source.exists():
            draft = source.with_name(f"{name}.draft")
            shutil.rmtree(draft, ignore_errors=True)
            make(draft)
            draft.rename(source)
    shutil.copytree(source, target, dirs_exist_ok=True)
    return target
