"""Settings of the audit log, from the environment (`TRIAGE_AUDIT_...`)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from data.settings import EnvironmentSettings, FolderOrUrl


class AuditSettings(EnvironmentSettings):
    """Settings of the audit log. Each field is read from `TRIAGE_AUDIT_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_AUDIT_", frozen=True, extra="ignore")

    url: str = Field(
        default="",
        description="database: sqlite:///file or postgresql://...; audit.db in the lake by default",
    )
    checkpoints: FolderOrUrl = Field(
        default="",
        description="second place for signed checkpoints: a folder, or object storage by URL "
        "(s3://, gs://, abfs://); `checkpoints` in the lake by default",
    )
    key_file: Path | None = Field(
        default=None,
        description="private key that signs checkpoints; made in the lake (audit.key) by default",
    )
    pseudonym_key_file: Path | None = Field(
        default=None,
        description="key of the pseudonyms of persons; made in the lake (people.key) by default",
    )
    every_entries: int = Field(default=1000, gt=0, description="entries between two checkpoints")
    every_seconds: float = Field(default=60.0, gt=0, description="seconds between two checkpoints")
    keys_kept_hours: int = Field(
        default=7 * 24, gt=0, description="how long an Idempotency-Key is remembered"
    )
    tenant: str = Field(default="default", min_length=1, max_length=100, description="whose record")
