"""Check a model before it is loaded: its files, its digest, its golden rows in a subprocess."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.artefact.folder import ArtefactError, verify_artefact
from models.artefact.self_check import failure_in_subprocess
from serving.model_registry.champions import LoadedModel, UnavailableModel, load_kept_model
from serving.model_registry.pointer import CHALLENGER_FILE, CHAMPION_FILE, ModelAlias, ModelPointer
from serving.tasks.served_task import ServedTask

FileSignature = tuple[tuple[str, int, int], ...]
"""Name, size and modification time of files; a change means that they are read again."""


@dataclass(frozen=True)
class CandidateRejection:
    """Why a model is not loaded. final: no file that may still arrive could change that."""

    why: str
    final: bool


class CandidateChecker:
    """Checks artefacts, and remembers which reproduced their golden rows on this machine."""

    MOST = 64

    def __init__(self) -> None:
        self._passed: set[str] = set()

    def examine(
        self, home: Path, pointer: ModelPointer, served: ServedTask
    ) -> LoadedModel | CandidateRejection:
        """Load the model that a pointer names, or say why it is not loaded.

        Digests are verified first, then a subprocess loads the model, and only then this process.

        Args:
            home: the task's folder.
            pointer: what names the model.
            served: the task.
        """
        folder = home / pointer.digest
        if not folder.is_dir():
            return CandidateRejection(
                f"the folder of model {pointer.digest[:12]} is not there", final=False
            )
        try:
            verify_artefact(folder, pointer.digest)
            if failed := self._failed(folder, pointer.digest):
                return CandidateRejection(_strip_lake_path(failed, home), final=True)
        except (ArtefactError, OSError) as error:
            return CandidateRejection(_strip_lake_path(str(error), home), final=False)
        loaded = load_kept_model(home, pointer.version, pointer.digest, served)
        if isinstance(loaded, UnavailableModel):
            return CandidateRejection(_strip_lake_path(loaded.why, home), final=True)
        return loaded

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
    """Return the signature of a pointer and its artefact. digest: empty without an artefact."""
    pointer = home / (CHALLENGER_FILE if alias is ModelAlias.CHALLENGER else CHAMPION_FILE)
    files = [pointer]
    if digest and (folder := home / digest).is_dir():
        files += sorted(folder.iterdir())
    return tuple(_file_state(file) for file in files)


def file_signature(path: Path) -> FileSignature:
    """Return the signature of one file."""
    return (_file_state(path),)


def _file_state(path: Path) -> tuple[str, int, int]:
    try:
        state = path.stat()
    except OSError:
        return path.name, -1, -1
    return path.name, state.st_size, state.st_mtime_ns


def _strip_lake_path(why: str, home: Path) -> str:
    """Remove the path of the lake, which says nothing to a reader of the audit log."""
    return why.replace(f"{home.resolve()}/", "").replace(f"{home}/", "")
