"""Settings of the service process, read from environment variables `TRIAGE_...`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from data.lake import Lake
from data.settings import EnvironmentSettings

MEGABYTE = 2**20


class ServiceSettings(EnvironmentSettings):
    """What can be set. Every name is read from `TRIAGE_` + the name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_", frozen=True, extra="ignore")

    home: Path = Field(default=Path(".triage"), description="the lake: models, profiles, audit")
    models: Path | None = Field(
        default=None, description="folder of models that something else fills; the lake's if unset"
    )
    policy: Path | None = Field(
        default=None, description="policy file; the built-in one by default"
    )
    max_body_bytes: int = Field(default=10 * MEGABYTE, gt=0, description="larger requests get 413")
    threads: int = Field(
        default=16, gt=0, le=64, description="requests worked on at once that score nothing"
    )
    workers: int = Field(
        default=1, gt=0, le=64, description="processes that answer; all append to one record"
    )
    timeout_seconds: int = Field(default=30, gt=0, description="longer requests get 504")
    answer_within_seconds: float = Field(
        default=10.0,
        gt=0,
        description="cases of a request not scored by then are answered by rules",
    )
    access_log: bool = Field(default=False, description="one line a request in the log")
    address: str = Field(
        default="", description="start of the addresses in answers, e.g. https://triage"
    )

    @property
    def lake(self) -> Lake:
        """The lake at `home`, with its models at `models`."""
        return Lake(self.home.resolve(), self.models.resolve() if self.models else None)
