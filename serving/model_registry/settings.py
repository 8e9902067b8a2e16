"""Settings of model reloading and shadow scoring (`TRIAGE_SWAP_...`)."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from data.settings import EnvironmentSettings


class SwapSettings(EnvironmentSettings):
    """Settings of reloading; each is read from `TRIAGE_SWAP_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="TRIAGE_SWAP_", frozen=True, extra="ignore")

    seconds: float = Field(
        default=2.0, gt=0, le=3600, description="how often pointers and profiles are looked at"
    )
    patience_seconds: float = Field(
        default=10.0,
        ge=0,
        le=3600,
        description="so long may files of a model be on their way before it is refused",
    )
    shadow_cases: int = Field(
        default=2000,
        gt=0,
        le=100_000,
        description="cases that may wait for the challenger; more are dropped and counted",
    )
