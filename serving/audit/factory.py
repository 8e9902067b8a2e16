"""Open a lake's audit store, signing key and checkpoint mirror as the settings say."""

from __future__ import annotations

from contextlib import closing

from data.lake import Lake
from serving.audit.log.errors import AuditUnavailableError
from serving.audit.log.store import AuditStore
from serving.audit.transparency.checkpoint_mirror import CheckpointMirror
from serving.audit.transparency.note import Verifier
from serving.audit.transparency.signing_key import SigningKey
from serving.runtime.settings import AuditSettings


def open_audit(lake: Lake, settings: AuditSettings | None = None) -> AuditStore:
    """Open the audit log of a lake with its signing key; create both if they are missing.

    Raises:
        AuditUnavailableError: the log or its signing key cannot be written or read.
        ValueError: the settings or the signing key cannot be used.
    """
    found = settings or AuditSettings()
    try:
        signer = load_signing_key(lake, found)
    except OSError as error:
        why = f"the audit cannot be opened without its key: {error}"
        raise AuditUnavailableError(why) from error
    return AuditStore.open(found.url or lake.audit, found.tenant, signer)


def load_signing_key(lake: Lake, settings: AuditSettings | None = None) -> SigningKey:
    """Load the key that signs the checkpoints of a lake; create it if there is none.

    Machines that write one log share one key file.

    Raises:
        OSError, ValueError: as `SigningKey.load_or_make` says.
    """
    found = settings or AuditSettings()
    return SigningKey.load_or_make(found.key_file or lake.home / "audit.key")


def trusted_verifiers(lake: Lake, settings: AuditSettings | None = None) -> list[Verifier]:
    """Return the keys whose checkpoints of this lake's log are trusted: its own, and the mirror's.

    After a change of key the mirror still names the old one, which signed earlier checkpoints.

    Raises:
        CheckpointMirrorError: the mirror cannot be read.
        AuditUnavailableError, ValueError: see `open_audit`.
    """
    with closing(open_audit(lake, settings)) as store:
        origin = store.head().origin
    own = Verifier.parse(load_signing_key(lake, settings).verifier(origin))
    mirrored = open_checkpoint_mirror(lake, settings).keys()
    return [own, *(key for key in mirrored if key.name == origin and key != own)]


def open_checkpoint_mirror(lake: Lake, settings: AuditSettings | None = None) -> CheckpointMirror:
    """Open the checkpoint mirror that the settings name, or else a folder of the lake.

    Raises:
        ValueError: the settings cannot be used.
    """
    found = settings or AuditSettings()
    return CheckpointMirror.open(found.checkpoints or lake.home / "checkpoints")
