"""The lake: folder layout under TRIAGE_HOME, in layers raw, interim and processed.

Three layers, each made from the one before: raw (extracts as they came), interim (canonical
tables, and what broke their contracts), processed (training sets, profiles). Beside them
lies what cannot be made again: the record, models, MLflow's runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from data.file_lock import try_file_lock


@dataclass(frozen=True)
class Lake:
    """Folders under one home. Nothing is created until it is asked for by `make`.

    exported: where models lie that something else brings (a volume, a copy of a bucket); under
    the home by default.
    """

    home: Path
    exported: Path | None = None

    @classmethod
    def from_environment(cls) -> Lake:
        """Return the lake at `TRIAGE_HOME`, `.triage` in the working folder by default.

        Its models are at `TRIAGE_MODELS`, if that is set. Nothing on disk is changed: commands
        that write call `make`.
        """
        home, models = os.environ.get("TRIAGE_HOME", ".triage"), os.environ.get("TRIAGE_MODELS")
        return cls(Path(home).resolve(), Path(models).resolve() if models else None)

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that point another process at this lake."""
        models = {"TRIAGE_MODELS": str(self.exported.resolve())} if self.exported else {}
        return {"TRIAGE_HOME": str(self.home.resolve()), **models}

    def make(self) -> Lake:
        """Create the folders that are missing.

        Raises:
            OSError: naming the lake that is a file or cannot be written, and the way out.
        """
        layers = (self.raw, self.canonical, self.quarantine, self.processed)
        for folder in (*layers, self.models, self.reports):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise self._unusable(folder, error) from error
        return self

    def _unusable(self, folder: Path, error: OSError) -> OSError:
        why = (error.strerror or str(error)).lower()
        return OSError(
            f"TRIAGE_HOME {self.home} cannot be used ({folder}: {why}); "
            "set it to a folder that can be written, or run `triage doctor`"
        )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lake while the block runs; the system lets go when the process ends.

        Raises:
            RuntimeError: another process holds it.
        """
        with try_file_lock(self.home / "busy.lock") as held:
            if not held:
                raise RuntimeError(
                    f"another `triage up` is filling {self.home}; wait until it is done, "
                    "or set TRIAGE_HOME to another folder"
                )
            yield

    @property
    def raw(self) -> Path:
        """Extracts as they came."""
        return self.home / "raw"

    @property
    def interim(self) -> Path:
        """Tables that ingest makes from the extracts."""
        return self.home / "interim"

    @property
    def canonical(self) -> Path:
        """Canonical tables as Parquet, one file a table."""
        return self.interim / "canonical"

    @property
    def read_on(self) -> Path:
        """File of the positions that loads have reached in the databases of sources."""
        return self.interim / "read_on.json"

    @property
    def quarantine(self) -> Path:
        """Rows that broke a contract, with the reason."""
        return self.interim / "quarantine"

    @property
    def processed(self) -> Path:
        """Data computed from the canonical tables; it can be computed again."""
        return self.home / "processed"

    @property
    def training_sets(self) -> Path:
        """Training sets: one folder per task and per digest of the inputs, with a manifest."""
        return self.processed / "training_sets"

    @property
    def models(self) -> Path:
        """Exported artefacts: one folder a task, one folder a digest, a pointer a champion."""
        return self.exported or self.home / "models"

    @property
    def profiles(self) -> Path:
        """History features of every live entity as of a day (SQLite)."""
        return self.processed / "profiles.db"

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
