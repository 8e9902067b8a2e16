"""Checks of `triage doctor`.

Python, OpenMP, port, disk, audit log, key files and checkpoint mirror, each with how to mend it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from data.lake import Lake
from serving.audit.factory import open_checkpoint_mirror
from serving.audit.log.database import open_engine, sqlite_url
from serving.audit.log.errors import AuditUnavailableError, describe_error
from serving.audit.log.schema import CURRENT_REVISION, schema_revision
from serving.audit.pseudonym import Pseudonyms
from serving.audit.transparency.checkpoint_mirror import CheckpointMirror
from serving.audit.transparency.mirror_storage import CheckpointMirrorError
from serving.audit.transparency.signing_key import SigningKey
from serving.runtime.settings import AuditSettings

MINIMUM_PYTHON = (3, 11)
MINIMUM_FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Check:
    """Result of one check.

    Attributes:
        name: of the check.
        well: whether the check passed.
        found: observation, in words.
        mend: advice for a check that failed.
    """

    name: str
    well: bool
    found: str
    mend: str = ""


def machine_checks(home: Path, host: str, port: int) -> Iterator[Check]:
    """Yield the checks of this machine, in the order in which a start would fail."""
    yield check_python(sys.version_info[:3])
    yield check_openmp()
    yield check_port(host, port)
    yield check_writable("TRIAGE_HOME", home)
    yield check_disk(home)


def check_python(version: tuple[int, ...]) -> Check:
    """Check that Python is 3.11 or later."""
    return Check(
        "Python",
        version >= MINIMUM_PYTHON,
        ".".join(map(str, version)),
        "install Python 3.11 or later and run `make up PYTHON=python3.11`",
    )


def check_openmp() -> Check:
    """Check that LightGBM finds the OpenMP runtime, in a child process, because it may abort."""
    child = subprocess.run(
        [sys.executable, "-c", "import lightgbm; print(lightgbm.__version__)"],
        capture_output=True,
        text=True,
        check=False,
    )
    well = child.returncode == 0
    found = child.stdout.strip() if well else (child.stderr.strip().splitlines() or ["aborted"])[-1]
    return Check(
        "LightGBM with libgomp",
        well,
        found,
        "Debian: `apt-get install libgomp1`; macOS: `brew install libomp`",
    )


def check_port(host: str, port: int) -> Check:
    """Check that the port of the service is free."""
    with socket.socket() as probe:
        # As servers do, or a port in TIME_WAIT would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return Check(
                "Port",
                well=False,
                found=f"{host}:{port} is taken or not ours ({error.strerror})",
                mend=f"stop what listens there (`lsof -i :{port}`) or choose another: "
                "`make up ARGS='--port 3001'`",
            )
    return Check("Port", well=True, found=f"{host}:{port} is free")


def check_writable(name: str, folder: Path) -> Check:
    """Check that the folder, or its nearest existing ancestor, can be written to."""
    mend = f"`chmod u+w {folder}`, or set TRIAGE_HOME to a folder of your own"
    nearest = nearest_existing(folder)
    if not nearest.is_dir():
        return Check(name, well=False, found=f"{nearest} is a file, not a folder", mend=mend)
    if not os.access(nearest, os.W_OK):
        return Check(name, well=False, found=f"{nearest} is read-only", mend=mend)
    return Check(name, well=True, found=f"{folder} can be written")


def check_disk(folder: Path) -> Check:
    """Check that the disk has room for the lake."""
    status = os.statvfs(nearest_existing(folder))
    free = status.f_bavail * status.f_frsize
    return Check(
        "Disk",
        free >= MINIMUM_FREE_BYTES,
        f"{free / 1024**3:.1f} GiB free",
        "free 2 GiB, or set TRIAGE_HOME to a folder on a larger disk",
    )


def nearest_existing(folder: Path) -> Path:
    """Return the folder itself or its nearest ancestor that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


RECORD, PLACE = "Record", "Second place"
PROBE_FILE = "doctor"
MADE_AT_START = "made when the service starts"


def audit_checks(lake: Lake, settings: AuditSettings | None = None) -> Iterator[Check]:
    """Yield the checks of the audit log; they create nothing that the first start would create."""
    audit = settings or AuditSettings()
    yield check_audit_log(lake, audit)
    signing_key = audit.key_file or lake.home / "audit.key"
    yield check_key_file("Signing key", signing_key, SigningKey.load)
    pseudonym_key = audit.pseudonym_key_file or lake.home / "people.key"
    yield check_key_file("Key of pseudonyms", pseudonym_key, Pseudonyms.load_or_make)
    yield check_checkpoint_mirror(lake, audit)


def check_audit_log(lake: Lake, settings: AuditSettings) -> Check:
    """Check that the audit log opens and that its tables are of this version."""
    mend = "see that the database is there and can be written; TRIAGE_AUDIT_URL names it"
    try:
        url = sa.make_url(settings.url or sqlite_url(lake.audit))
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            return Check(RECORD, well=True, found=f"none yet; {MADE_AT_START}")
        engine = open_engine(url.render_as_string(hide_password=False))
        try:
            with engine.connect().execution_options(reading=True) as connection:
                revision = schema_revision(connection)
        finally:
            engine.dispose()
    except sa.exc.SQLAlchemyError as error:
        return Check(RECORD, well=False, found=describe_error(error), mend=mend)
    except (AuditUnavailableError, ValueError, OSError) as error:
        return Check(RECORD, well=False, found=str(error), mend=mend)
    return _check_revision(revision)


def _check_revision(revision: str | None) -> Check:
    match revision:
        case None:
            return Check(RECORD, well=True, found=f"opens, and is empty; {MADE_AT_START}")
        case current if current == CURRENT_REVISION:
            return Check(RECORD, well=True, found=f"opens, at migration {revision}")
    return Check(
        RECORD,
        well=False,
        found=f"at migration {revision}, which is newer than {CURRENT_REVISION}",
        mend="start the newer version of this service, or name another database",
    )


def check_key_file(name: str, path: Path, load: Callable[[Path], object]) -> Check:
    """Check that the key file can be read, and only by its owner."""
    if not path.exists():
        return Check(name, well=True, found=f"none yet; {MADE_AT_START}")
    try:
        load(path)
    except (OSError, ValueError) as error:
        mend = f"`chmod 600 {path}`, or bring the file back from where it is kept safe"
        return Check(name, well=False, found=str(error), mend=mend)
    return Check(name, well=True, found=f"{path} is private")


def check_checkpoint_mirror(lake: Lake, settings: AuditSettings) -> Check:
    """Check that a file can be written to the checkpoint mirror."""
    mend = "see that it is there and can be written; TRIAGE_AUDIT_CHECKPOINTS names it"
    try:
        mirror: CheckpointMirror = open_checkpoint_mirror(lake, settings)
        if not lake.home.exists() and not settings.checkpoints:
            return Check(PLACE, well=True, found=f"none yet; {MADE_AT_START}")
        mirror.storage.write(PROBE_FILE, b"written by `triage doctor`\n")
    except (CheckpointMirrorError, ValueError) as error:
        return Check(PLACE, well=False, found=str(error), mend=mend)
    return Check(PLACE, well=True, found=f"{mirror.told} can be written")
