"""An offer: a model that a pointer names, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.artefact import ArtefactError, verify
from models.trial import failed_in_child
from serving.catalogue import Served
from serving.champions import Champion, Missing, kept
from serving.swap.pointed import CHALLENGER_FILE, CHAMPION_FILE, Alias, Pointed

Signature = tuple[tuple[str, int, int], ...]
"""Files with size and time of change: another one means that there is something to look at."""


@dataclass(frozen=True)
class Refused:
    """Why a model is not taken. final: no file that may still be on its way could mend it."""

    why: str
    final: bool


class Trials:
    """Artefacts that repeated their golden rows in a child on this machine, by digest."""

    MOST = 64

    def __init__(self) -> None:
        self._passed: set[str] = set()

    def examine(self, home: Path, at: Pointed, entry: Served) -> Champion | Refused:
        """The model, or what speaks against it. home: the task's folder.

        Digests come first, then a child that loads it, and only then this process.
        """
        folder = home / at.digest
        if not folder.is_dir():
            return Refused(f"the folder of model {at.digest[:12]} is not there", final=False)
        try:
            verify(folder, at.digest)
            if failed := self._failed(folder, at.digest):
                return Refused(_told(failed, home), final=True)
        except (ArtefactError, OSError) as error:
            return Refused(_told(str(error), home), final=False)
        found = kept(home, at.version, at.digest, entry)
        if isinstance(found, Missing):
            return Refused(_told(found.why, home), final=True)
        return found

    def _failed(self, folder: Path, digest: str) -> str:
        if digest in self._passed:
            return ""
        failed = failed_in_child(folder, digest)
        if not failed:
            if len(self._passed) >= self.MOST:
                self._passed.clear()
            self._passed.add(digest)
        return failed


def signature(home: Path, alias: Alias, digest: str) -> Signature:
    """What of an offer lies there now. digest: empty where the pointer names none."""
    pointer = home / (CHALLENGER_FILE if alias is Alias.CHALLENGER else CHAMPION_FILE)
    files = [pointer]
    if digest and (folder := home / digest).is_dir():
        files += sorted(folder.iterdir())
    return tuple(_seen(file) for file in files)


def seen(path: Path) -> Signature:
    """What lies at that path now."""
    return (_seen(path),)


def _seen(path: Path) -> tuple[str, int, int]:
    try:
        state = path.stat()
    except OSError:
        return path.name, -1, -1
    return path.name, state.st_size, state.st_mtime_ns


def _told(why: str, home: Path) -> str:
    """The reason without where the lake lies, which is nothing to a reader of the record."""
    return why.replace(f"{home.resolve()}/", "").replace(f"{home}/", "")
