"""Open a lake's audit store, signing key and checkpoint mirror as the settings say."""

from __future__ import annotations

from contextlib import closing

from data.lake import Lake
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.store import AuditStore
from serving.audit.settings import AuditSettings
from serving.audit.transparency.checkpoint_mirror import CheckpointMirror
from serving.audit.transparency.note import Verifier
from serving.audit.transparency.signing_key import SigningKey


def open_audit(lake: Lake, settings: AuditSettings | None = None) -> AuditStore:
    """The record that belongs to the lake, made if it is not there, and who signs for it.

    Raises:
        AuditUnavailableError: it, or its signing key, cannot be written or read.
        ValueError: settings or a signing key that cannot be used.
    """
    found = settings or AuditSettings()
    try:
        signer = load_signing_key(lake, found)
    except OSError as error:
        why = f"the audit cannot be opened without its key: {error}"
        raise AuditUnavailableError(why) from error
    return AuditStore.open(found.url or lake.audit, found.tenant, signer)


def load_signing_key(lake: Lake, settings: AuditSettings | None = None) -> SigningKey:
    """The key that signs the lake's checkpoints, made if there is none.

    Several machines that write one record share one key file.

    Raises:
        OSError, ValueError: as `SigningKey.load_or_make` says.
    """
    found = settings or AuditSettings()
    return SigningKey.load_or_make(found.key_file or lake.home / "audit.key")


def trusted_verifiers(lake: Lake, settings: AuditSettings | None = None) -> list[Verifier]:
    """Whose checkpoints of this lake's log are trusted: its own key, and those of its second place.

    After a change of key the second place still names the old one, which signed what is older.

    Raises:
        as `open_audit`, and SecondPlaceError.
    """
    with closing(open_audit(lake, settings)) as store:
        origin = store.head().origin
    own = Verifier.parse(load_signing_key(lake, settings).verifier(origin))
    kept = open_checkpoint_mirror(lake, settings).keys()
    return [own, *(key for key in kept if key.name == origin and key != own)]


def open_checkpoint_mirror(lake: Lake, settings: AuditSettings | None = None) -> CheckpointMirror:
    """Where the lake's checkpoints go: a folder in it, if the settings name no better place.

    Raises:
        ValueError: settings that cannot be used.
    """
    found = settings or AuditSettings()
    return CheckpointMirror.open(found.checkpoints or lake.home / "checkpoints")
