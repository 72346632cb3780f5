"""Settings: defaults that work, then `vigie.toml`, then `VIGIE_…` in the environment (`VIGIE_KAFKA__BOOTSTRAP`).

Detector parameters are values of the pure core (`pipeline.detect.parameters`); here they are only read.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


def _data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "vigie"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_default=True)


class Kafka(_Section):
    """The broker."""

    bootstrap: str = Field("", description="Address of the Kafka brokers. Empty: the running `vigie up`.")
    port: int = Field(
        19092,
        ge=0,
        le=65535,
        description="Port of the embedded broker; a busy one is replaced by a free one.",
    )
    memory_mb: int = Field(
        512,
        ge=32,
        description="Memory of the embedded broker, in MB, at which it is emptied once all is read and stored.",
    )
    replication: int = Field(
        1, ge=1, le=10, description="Replicas of every topic, where Vigie creates topics."
    )
    group: str = Field("vigie", description="Prefix of the consumer groups.")


class Store(_Section):
    """ClickHouse, or the embedded store that speaks its protocol."""

    host: str = Field("", description="Host of the ClickHouse HTTP interface. Empty: the running `vigie up`.")
    port: int = Field(
        18123, ge=0, le=65535, description="Its port; the embedded store takes a free one when it is busy."
    )
    database: str = Field("vigie", description="Database that holds Vigie's tables.")
    user: str = Field("default", description="Who reads.")
    password: SecretStr = Field(SecretStr(""), description="Password of the reader.")
    writer: str = Field("vigie_writer", description="Who writes.")
    writer_password: SecretStr = Field(
        SecretStr(""), description="Password of the writer. The embedded store makes one for each run."
    )
    max_rows: int = Field(1_000_000, ge=1, description="Rows that a reader's query returns at the most.")
    max_seconds: float = Field(30.0, gt=0, description="Longest time of a reader's query, in seconds.")


class Webhook(_Section):
    """`vigie connect http`."""

    host: str = Field("127.0.0.1", description="Address that the webhook listens on.")
    port: int = Field(18080, ge=0, le=65535, description="Port that the webhook listens on.")
    secret: SecretStr = Field(
        SecretStr(""), description="Key of the HMAC-SHA256 signature. Empty: no signature is asked for."
    )
    max_bytes: int = Field(8 << 20, ge=1024, description="Largest request body, in bytes.")
    max_pending: int = Field(
        50_000, ge=1, description="Records on their way to the broker beyond which requests are answered 429."
    )


class Jetstream(_Section):
    """`vigie connect jetstream`."""

    hosts: list[str] = Field(
        [
            "jetstream1.us-east.bsky.network",
            "jetstream2.us-east.bsky.network",
            "jetstream1.us-west.bsky.network",
        ],
        description="Hosts to turn to, in this order.",
    )
    version: int = Field(1, ge=1, le=2, description="Protocol version of the hosts.")
    silence_seconds: float = Field(
        30.0, gt=0, description="Silence after which the next host is tried, in seconds."
    )


class Bot(_Section):
    """`vigie bot`."""

    severity: str = Field(
        "warning", pattern="^(info|warning|error|critical)$", description="Least severity that is told."
    )
    language: str = Field("fr", pattern="^(fr|en)$", description="Language of the messages.")
    quota: int = Field(
        20,
        ge=0,
        description="Messages of each kind of alert in an hour; what is beyond is held back and said in one message. "
        "0: no limit. Less severe ones never hold back more severe ones.",
    )
    webhook_url: SecretStr = Field(
        SecretStr(""), description="Where messages are posted as JSON. Empty: console only."
    )


class Recovery(_Section):
    """States of the detectors on disk, from which a worker goes on after a crash or a rebalance."""

    interval_seconds: float = Field(
        10.0, ge=0, description="Least time between two states of one partition, in seconds."
    )
    share: float = Field(
        0.02,
        gt=0,
        le=1,
        description="CPU seconds of writing states for each second, at the most; the interval grows with their size.",
    )


class Metrics(_Section):
    """What workers and the bot say of themselves over HTTP."""

    enabled: bool = Field(True, description="Serve `/metrics` and `/health`.")
    host: str = Field("127.0.0.1", description="Address that they are served on.")
    port: int = Field(
        19464,
        ge=0,
        le=65535,
        description="Port. `vigie up` gives each worker one, from this one on; a busy one is replaced by a free one.",
    )
    stalled_seconds: float = Field(
        60.0,
        gt=0,
        description="Seconds without a commit while records wait after which a worker is unhealthy.",
    )


class Poison(_Section):
    """When a worker that has to refuse nearly everything stops, so that somebody looks."""

    share: float = Field(
        0.9,
        gt=0,
        le=1,
        description="Share of refused records, of the last ones of a partition, from which it stops.",
    )
    records: int = Field(
        1000,
        ge=0,
        description="How many of the last records are looked at, at least. 0: it never stops for that.",
    )


class Settings(BaseSettings):
    """All settings. A wrong value names the field, the value and what is allowed."""

    model_config = SettingsConfigDict(
        env_prefix="VIGIE_", env_nested_delimiter="__", toml_file="vigie.toml", extra="forbid"
    )

    data_dir: Path = Field(
        default_factory=_data_dir,
        description="Where the embedded store and the states of connectors and detectors are.",
    )
    workers: int = Field(1, ge=1, le=64, description="Detection workers that `vigie up` starts.")
    restarts: int = Field(
        5,
        ge=0,
        description="How often within ten minutes `vigie up` starts a worker or the store again that has ended.",
    )
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="Least level that is logged."
    )
    kafka: Kafka = Field(default_factory=Kafka)  # type: ignore[arg-type]
    store: Store = Field(default_factory=Store)  # type: ignore[arg-type]
    webhook: Webhook = Field(default_factory=Webhook)  # type: ignore[arg-type]
    jetstream: Jetstream = Field(default_factory=Jetstream)  # type: ignore[arg-type]
    bot: Bot = Field(default_factory=Bot)  # type: ignore[arg-type]
    recovery: Recovery = Field(default_factory=Recovery)  # type: ignore[arg-type]
    metrics: Metrics = Field(default_factory=Metrics)  # type: ignore[arg-type]
    poison: Poison = Field(default_factory=Poison)  # type: ignore[arg-type]
    detect: dict[str, Any] = Field(
        default_factory=dict, description="Detector parameters by detector; see docs/reference/settings.md."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, then environment, then file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings() -> Settings:
    """The settings of this run.

    Raises:
        pydantic.ValidationError: a value is wrong.
        ValueError: `vigie.toml` is not TOML.
    """
    return Settings.model_validate({})
