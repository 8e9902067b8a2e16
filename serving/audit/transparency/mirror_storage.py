"""Storage of a checkpoint mirror: a folder, or object storage by URL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from data.atomic_file import fsync, write_bytes_atomically

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem


BUCKET_SCHEMES = ("s3", "gs", "gcs", "abfs", "abfss")
PUBLIC_QUERY_PARAMETERS = frozenset({"scheme", "endpoint_override", "region"})
REDACTED = "***"


class CheckpointMirrorError(RuntimeError):
    """The second place cannot be read or written, or what is there is damaged."""


class MirrorStorage(Protocol):
    """Files by name; a name is a path with slashes. Every method raises CheckpointMirrorError."""

    @property
    def told(self) -> str:
        """Name in messages, without passwords and keys."""

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if there is no such file."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file atomically, in place of an earlier one."""

    def names(self, folder: str) -> list[str]:
        """Return the names of the files directly in a folder; empty if there is no such folder."""


def open_storage(where: Path | str) -> MirrorStorage:
    """Open a folder, or the object storage at a URL (s3://, gs://, abfs://).

    Raises:
        ValueError: a URL of another kind.
    """
    text = str(where)
    if "://" not in text:
        return FolderStorage(Path(text).absolute())
    parts = urlsplit(text)
    if parts.scheme == "file":
        return FolderStorage(Path(unquote(parts.path)))
    if parts.scheme not in BUCKET_SCHEMES:
        choices = ", ".join(f"{scheme}://" for scheme in BUCKET_SCHEMES)
        raise ValueError(f"a second place is a folder or {choices}; got {parts.scheme}://")
    return BucketStorage(text)


@dataclass(frozen=True)
class FolderStorage:
    """A folder on a disk. A file is synced to the disk when `write` returns."""

    path: Path

    @property
    def told(self) -> str:
        """Path of the folder."""
        return str(self.path)

    def read(self, name: str) -> bytes | None:
        """See `MirrorStorage`."""
        with self._said():
            try:
                return (self.path / name).read_bytes()
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        """See `MirrorStorage`."""
        target = self.path / name
        with self._said():
            _make_durable_folder(target.parent)
            write_bytes_atomically(target, content)

    def names(self, folder: str) -> list[str]:
        """See `MirrorStorage`."""
        with self._said():
            try:
                found = list(os.scandir(self.path / folder))
            except FileNotFoundError:
                return []
            return [entry.name for entry in found if entry.is_file()]

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CheckpointMirrorError(
                f"second place {self.told} cannot be used: {error}"
            ) from error


def _make_durable_folder(folder: Path) -> None:
    """Create a folder and its parents, each synced to the disk."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for created in missing:
        fsync(created.parent)


@dataclass(frozen=True)
class BucketStorage:
    """Object storage, through Arrow; a write is there as a whole or not at all.

    url: as Arrow takes it, e.g. s3://bucket/folder?region=eu-west-1&endpoint_override=host:9000.
    Credentials come from the environment, or from the URL.
    """

    url: str = field(repr=False)

    @cached_property
    def told(self) -> str:
        """Scheme, bucket and path; the user only where it names the container."""
        parts = urlsplit(self.url)
        container = f"{parts.username}@" if parts.scheme.startswith("abfs") else ""
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{container if parts.username else ''}{host}{parts.path}"

    def read(self, name: str) -> bytes | None:
        """See `MirrorStorage`."""
        with self._said():
            system, base = self._opened
            try:
                with system.open_input_stream(f"{base}/{name}") as file:
                    return bytes(file.read())
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        """See `MirrorStorage`."""
        with self._said():
            system, base = self._opened
            with system.open_output_stream(f"{base}/{name}") as file:
                file.write(content)

    def names(self, folder: str) -> list[str]:
        """See `MirrorStorage`."""
        from pyarrow.fs import FileSelector, FileType  # noqa: PLC0415 - only where it is used

        with self._said():
            system, base = self._opened
            found = system.get_file_info(FileSelector(f"{base}/{folder}", allow_not_found=True))
            return [info.base_name for info in found if info.type == FileType.File]

    @cached_property
    def _opened(self) -> tuple[FileSystem, str]:
        """Opened when first used: a bucket that is away must not keep a service from starting."""
        from pyarrow.fs import FileSystem  # noqa: PLC0415 - only where it is used

        system, base = FileSystem.from_uri(self.url)
        return system, base.rstrip("/")

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, NotImplementedError) as error:
            why = self._without_secrets(str(error))
            # without the cause, which may hold what was left out of the message
            raise CheckpointMirrorError(f"second place {self.told} cannot be used: {why}") from None

    def _without_secrets(self, text: str) -> str:
        text = text.replace(self.url, self.told)
        for secret in url_secrets(urlsplit(self.url)):
            text = text.replace(secret, REDACTED)
        return text


def url_secrets(parts: SplitResult) -> list[str]:
    """Return the secrets of a URL, both quoted and unquoted, longest first."""
    user = None if parts.scheme.startswith("abfs") else parts.username
    given = [value for name, value in parse_qsl(parts.query) if name not in PUBLIC_QUERY_PARAMETERS]
    found = {one for one in (user, parts.password, *given) if one and one not in {"true", "false"}}
    forms: tuple[Callable[[str], str], ...] = (str, unquote, lambda one: quote(one, safe=""))
    return sorted({form(one) for one in found for form in forms}, key=len, reverse=True)
