"""The record of a lake, as the settings say where it is."""

from __future__ import annotations

from data.lake import Lake
from serving.audit.note import Verifier
from serving.audit.settings import AuditSettings
from serving.audit.signing_key import SigningKey
from serving.audit.store import AuditStore


def open_audit(lake: Lake, settings: AuditSettings | None = None) -> AuditStore:
    """The record that belongs to the lake, made if it is not there, and who signs for it.

    Raises:
        AuditUnavailableError: it cannot be written.
        OSError, ValueError: settings or a signing key that cannot be used.
    """
    found = settings or AuditSettings()
    return AuditStore.open(found.url or lake.audit, found.tenant, signing_key(lake, found))


def signing_key(lake: Lake, settings: AuditSettings | None = None) -> SigningKey:
    """The key that signs the lake's checkpoints, made if there is none.

    Several machines that write one record share one key file.

    Raises:
        OSError, ValueError: as `SigningKey.load_or_make` says.
    """
    found = settings or AuditSettings()
    return SigningKey.load_or_make(found.key_file or lake.home / "audit.key")


def trusted_keys(lake: Lake, settings: AuditSettings | None = None) -> list[Verifier]:
    """Whose checkpoints of this lake's log this machine trusts: its own key.

    Raises:
        as `open_audit`.
    """
    store = open_audit(lake, settings)
    try:
        origin = store.head().origin
    finally:
        store.close()
    return [Verifier.parse(signing_key(lake, settings).verifier(origin))]
