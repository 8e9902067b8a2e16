"""Settings of the training side, from the environment."""

from __future__ import annotations

from pydantic import Field
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
