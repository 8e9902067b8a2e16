"""Settings of the training side, from the environment."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from data.lake import Lake


class TrackingSettings(BaseSettings):
    """Where runs and models are recorded.

    tracking_uri: MLflow tracking and registry address (`TRIAGE_TRACKING_URI`); by default
        an SQLite file in the lake.
    artifact_root: where a new experiment keeps its files (`TRIAGE_ARTIFACT_ROOT`); by
        default a folder in the lake, or the tracking server's own place if there is one.
    """

    model_config = SettingsConfigDict(env_prefix="TRIAGE_", extra="ignore")

    tracking_uri: str | None = Field(default=None)
    artifact_root: str | None = Field(default=None)

    def tracking(self, lake: Lake) -> str:
        """The tracking address for this lake."""
        return self.tracking_uri or f"sqlite:///{lake.tracking}"

    def artifacts(self, lake: Lake) -> str | None:
        """The artefact root for this lake; None leaves it to the tracking server."""
        if self.artifact_root or self.tracking_uri:
            return self.artifact_root
        return lake.runs.as_uri()


class ApprovalMode(StrEnum):
    """Whether a model needs an approver who did not train it."""

    REQUIRED = "required"
    DEMO = "demo"


class ApprovalSettings(BaseSettings):
    """Who is acting, and whether a model needs someone else's approval.

    approval: `TRIAGE_APPROVAL`. user, role: who says to act (`TRIAGE_USER`, `TRIAGE_ROLE`).
    token: proves it (`TRIAGE_TOKEN`), looked up in the TOML file people (`TRIAGE_PEOPLE`).
    owner: role that answers for the models (`TRIAGE_OWNER`), for their cards.
    """

    model_config = SettingsConfigDict(
        env_prefix="TRIAGE_", extra="ignore", frozen=True, env_ignore_empty=True
    )

    approval: ApprovalMode = ApprovalMode.REQUIRED
    user: str | None = None
    role: str | None = None
    token: SecretStr | None = None
    people: Path | None = None
    owner: str | None = None

    @classmethod
    def from_environment(cls) -> ApprovalSettings:
        """The settings in the environment.

        Raises:
            ValueError: naming the setting and its choices, in one line.
        """
        try:
            return cls()
        except ValidationError as error:
            wrong = error.errors(include_input=False)[0]
            name = f"TRIAGE_{wrong['loc'][0]}".upper()
            raise ValueError(f"{name} cannot be used: {wrong['msg']}") from None
