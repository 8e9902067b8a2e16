"""What the record needs of this machine: that it opens, its keys, and its second place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from data.lake import Lake
from serving.audit.engines import engine_of, sqlite_url
from serving.audit.errors import AuditUnavailableError, reason
from serving.audit.opened import second_place
from serving.audit.pseudonym import Pseudonyms
from serving.audit.schema import REVISION, revision_of
from serving.audit.second_place import SecondPlace, SecondPlaceError
from serving.audit.settings import AuditSettings
from serving.audit.signing_key import SigningKey
from serving.doctor import Check

RECORD, PLACE = "Record", "Second place"
PROBE = "doctor"
MADE = "made when the service starts"


def record_checks(lake: Lake, settings: AuditSettings | None = None) -> Iterator[Check]:
    """Every check of the record. Makes none: what is not there yet is made at the first start."""
    found = settings or AuditSettings()
    yield record(lake, found)
    signs, names = found.key_file, found.pseudonym_key_file
    yield key("Signing key", signs or lake.home / "audit.key", SigningKey.load)
    yield key("Key of pseudonyms", names or lake.home / "people.key", Pseudonyms.load_or_make)
    yield place(lake, found)


def record(lake: Lake, settings: AuditSettings) -> Check:
    """The record opens, and this version can write it or carry it over."""
    mend = "see that the database is there and can be written; TRIAGE_AUDIT_URL names it"
    try:
        url = sa.make_url(settings.url or sqlite_url(lake.audit))
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            return Check(RECORD, well=True, found=f"none yet; {MADE}")
        engine = engine_of(url.render_as_string(hide_password=False))
        try:
            with engine.connect().execution_options(reading=True) as connection:
                revision = revision_of(connection)
        finally:
            engine.dispose()
    except sa.exc.SQLAlchemyError as error:
        return Check(RECORD, well=False, found=reason(error), mend=mend)
    except (AuditUnavailableError, ValueError, OSError) as error:
        return Check(RECORD, well=False, found=str(error), mend=mend)
    return _at(revision)


def _at(revision: str | None) -> Check:
    match revision:
        case None:
            return Check(RECORD, well=True, found=f"opens, and is empty; {MADE}")
        case newest if newest == REVISION:
            return Check(RECORD, well=True, found=f"opens, at migration {revision}")
        case older if older < REVISION:
            then = f"carried over to {REVISION} when the service starts"
            return Check(RECORD, well=True, found=f"opens, at migration {revision}; {then}")
    return Check(
        RECORD,
        well=False,
        found=f"at migration {revision}, which is newer than {REVISION}",
        mend="start the newer version of this service, or name another database",
    )


def key(name: str, path: Path, load: Callable[[Path], object]) -> Check:
    """The key file can be read, by nobody but its owner."""
    if not path.exists():
        return Check(name, well=True, found=f"none yet; {MADE}")
    try:
        load(path)
    except (OSError, ValueError) as error:
        mend = f"`chmod 600 {path}`, or bring the file back from where it is kept safe"
        return Check(name, well=False, found=str(error), mend=mend)
    return Check(name, well=True, found=f"{path} is private")


def place(lake: Lake, settings: AuditSettings) -> Check:
    """A file can be written to where checkpoints go."""
    mend = "see that it is there and can be written; TRIAGE_AUDIT_CHECKPOINTS names it"
    try:
        second: SecondPlace = second_place(lake, settings)
        if not lake.home.exists() and not settings.checkpoints:
            return Check(PLACE, well=True, found=f"none yet; {MADE}")
        second.storage.write(PROBE, b"written by `triage doctor`\n")
    except (SecondPlaceError, ValueError) as error:
        return Check(PLACE, well=False, found=str(error), mend=mend)
    return Check(PLACE, well=True, found=f"{second.told} can be written")
