"""Check a model that a pointer names before it is loaded.

Files, digests, golden rows in a child.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.artefact.folder import ArtefactError, verify_artefact
from models.artefact.self_check import failure_in_subprocess
from serving.model_registry.champions import LoadedModel, UnavailableModel, load_kept_model
from serving.model_registry.pointer import CHALLENGER_FILE, CHAMPION_FILE, ModelAlias, ModelPointer
from serving.tasks.served_task import ServedTask

FileSignature = tuple[tuple[str, int, int], ...]
"""Files with size and time of change: another one means that there is something to look at."""


@dataclass(frozen=True)
class CandidateRejection:
    """Why a model is not taken. final: no file that may still be on its way could mend it."""

    why: str
    final: bool


class CandidateChecker:
    """Artefacts that repeated their golden rows in a child on this machine, by digest."""

    MOST = 64

    def __init__(self) -> None:
        self._passed: set[str] = set()

    def examine(
        self, home: Path, at: ModelPointer, entry: ServedTask
    ) -> LoadedModel | CandidateRejection:
        """The model, or what speaks against it. home: the task's folder.

        Digests come first, then a child that loads it, and only then this process.
        """
        folder = home / at.digest
        if not folder.is_dir():
            return CandidateRejection(
                f"the folder of model {at.digest[:12]} is not there", final=False
            )
        try:
            verify_artefact(folder, at.digest)
            if failed := self._failed(folder, at.digest):
                return CandidateRejection(_strip_lake_path(failed, home), final=True)
        except (ArtefactError, OSError) as error:
            return CandidateRejection(_strip_lake_path(str(error), home), final=False)
        found = load_kept_model(home, at.version, at.digest, entry)
        if isinstance(found, UnavailableModel):
            return CandidateRejection(_strip_lake_path(found.why, home), final=True)
        return found

    def _failed(self, folder: Path, digest: str) -> str:
        if digest in self._passed:
            return ""
        failed = failure_in_subprocess(folder, digest)
        if not failed:
            if len(self._passed) >= self.MOST:
                self._passed.clear()
            self._passed.add(digest)
        return failed


def slot_signature(home: Path, alias: ModelAlias, digest: str) -> FileSignature:
    """What of an offer lies there now. digest: empty where the pointer names none."""
    pointer = home / (CHALLENGER_FILE if alias is ModelAlias.CHALLENGER else CHAMPION_FILE)
    files = [pointer]
    if digest and (folder := home / digest).is_dir():
        files += sorted(folder.iterdir())
    return tuple(_file_state(file) for file in files)


def file_signature(path: Path) -> FileSignature:
    """What lies at that path now."""
    return (_file_state(path),)


def _file_state(path: Path) -> tuple[str, int, int]:
    try:
        state = path.stat()
    except OSError:
        return path.name, -1, -1
    return path.name, state.st_size, state.st_mtime_ns


def _strip_lake_path(why: str, home: Path) -> str:
    """The reason without where the lake lies, which is nothing to a reader of the record."""
    return why.replace(f"{home.resolve()}/", "").replace(f"{home}/", "")
