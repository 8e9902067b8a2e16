"""Settings of the training room, read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from data.lake import Lake
from data.settings import EnvironmentSettings


class TrackingSettings(EnvironmentSettings):
    """Settings of MLflow: where runs and models are recorded."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_", extra="ignore")

    tracking_uri: str | None = Field(
        default=None,
        description="MLflow tracking and registry address; an SQLite file in the lake by default",
    )
    artifact_root: str | None = Field(
        default=None,
        description="where a new experiment keeps its files; in the lake by default, or the "
        "tracking server's own place if there is one",
    )

    def tracking(self, lake: Lake) -> str:
        """The tracking address for this lake."""
        return self.tracking_uri or f"sqlite:///{lake.tracking}"

    def artifacts(self, lake: Lake) -> str | None:
        """The artefact root for this lake; None leaves it to the tracking server."""
        if self.artifact_root or self.tracking_uri:
            return self.artifact_root
        return lake.runs.as_uri()


class ApprovalMode(StrEnum):
    """Requirement of an approver who did not train the model."""

    REQUIRED = "required"
    DEMO = "demo"


class ApprovalSettings(EnvironmentSettings):
    """Settings of approval: who is acting, and whether a second person must approve."""

    model_config = SettingsConfigDict(
        env_prefix="TRIAGE_", extra="ignore", frozen=True, env_ignore_empty=True
    )

    approval: ApprovalMode = Field(
        default=ApprovalMode.REQUIRED,
        description="whether a model needs an approver who did not train it; demo: none, and "
        "every answer says so",
    )
    user: str | None = Field(default=None, description="who says to act")
    role: str | None = Field(default=None, description="in which role")
    token: SecretStr | None = Field(
        default=None, description="proves who acts, where TRIAGE_PEOPLE is set"
    )
    people: Path | None = Field(
        default=None, description="TOML file of who may act and of their tokens' digests"
    )
    owner: str | None = Field(
        default=None, description="role that answers for the models, for their cards"
    )

    @classmethod
    def from_environment(cls) -> ApprovalSettings:
        """The settings in the environment.

        Raises:
            SettingError: naming the setting and its choices, in one line.
        """
        return cls()


SETTINGS: Mapping[str, type[BaseSettings]] = {
    "MLflow": TrackingSettings,
    "approval": ApprovalSettings,
}
"""Every class of settings of this room, by part."""
DEMO_NOTICE = (
    "demo: approval is off, whoever trains may promote; "
    "set TRIAGE_APPROVAL=required to ask for a second person"
)
