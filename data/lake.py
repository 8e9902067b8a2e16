"""The lake: where everything the service makes is kept, outside git."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Lake:
    """Folders under one home. Nothing is created until it is asked for by `make`."""

    home: Path

    @classmethod
    def from_environment(cls) -> Lake:
        """The lake at `TRIAGE_HOME`, `.triage` in the working folder by default."""
        return cls(Path(os.environ.get("TRIAGE_HOME", ".triage")).resolve())

    def make(self) -> Lake:
        """Create the folders that are missing.

        Raises:
            OSError: naming the lake that is a file or cannot be written, and the way out.
        """
        for folder in (self.raw, self.canonical, self.quarantine, self.models, self.reports):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise OSError(
                    f"TRIAGE_HOME {self.home} cannot be used ({folder}: {why}); "
                    "set it to a folder that can be written, or run `triage doctor`"
                ) from error
        return self

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lake while the block runs; the system lets go when the process ends.

        Raises:
            RuntimeError: another process holds it.
        """
        with (self.home / "busy.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RuntimeError(
                    f"another `triage up` is filling {self.home}; wait until it is done, "
                    "or set TRIAGE_HOME to another folder"
                ) from None
            yield

    @property
    def raw(self) -> Path:
        """Extracts as they came."""
        return self.home / "raw"

    @property
    def canonical(self) -> Path:
        """Canonical tables as Parquet, one file a table."""
        return self.home / "canonical"

    @property
    def quarantine(self) -> Path:
        """Rows that broke a contract, with the reason."""
        return self.home / "quarantine"

    @property
    def models(self) -> Path:
        """Exported artefacts: one folder a task, one folder a digest, a pointer a champion."""
        return self.home / "models"

    @property
    def profiles(self) -> Path:
        """History features of every live entity as of a day (SQLite)."""
        return self.home / "profiles.db"

    @property
    def audit(self) -> Path:
        """Append-only record of recommendations (SQLite)."""
        return self.home / "audit.db"

    @property
    def reports(self) -> Path:
        """Explanation reports written by `triage report`."""
        return self.home / "reports"

    @property
    def tracking(self) -> Path:
        """MLflow's embedded database."""
        return self.home / "mlflow.db"

    @property
    def runs(self) -> Path:
        """MLflow's embedded artefact store."""
        return self.home / "mlruns"
