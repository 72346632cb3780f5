"""Settings: defaults that work, then `vigie.toml`, then `VIGIE_…` in the environment (`VIGIE_KAFKA__BOOTSTRAP`).

Detector parameters are values of the pure core (`pipeline.detect.parameters`); here they are only read.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
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
    tolerance_seconds: float = Field(
        0.0,
        ge=0,
        description="With a secret: how far a request's `X-Vigie-Timestamp` may be from now, in seconds; it is part of "
        "what is signed. 0: none is asked for, and a recorded request can be sent again.",
    )
    body_seconds: float = Field(
        30.0, gt=0, description="Longest time that a request's body may take to come, in seconds."
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
        0.05,
        gt=0,
        le=1,
        description="CPU seconds of writing states for each second, at the most, but for the first ones after a start; "
        "the interval grows with their size.",
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


class Retention(_Section):
    """How long the store keeps the rows of each table, in months from when they were stored."""

    posts_months: int = Field(13, ge=1, le=1200, description="Months that `posts` are kept.")
    copy_members_months: int = Field(13, ge=1, le=1200, description="Months that `copy_members` are kept.")
    fan_counts_months: int = Field(25, ge=1, le=1200, description="Months that `fan_counts` are kept.")
    follows_months: int = Field(25, ge=1, le=1200, description="Months that `follows` are kept.")
    alerts_months: int = Field(60, ge=1, le=1200, description="Months that `alerts` are kept.")
    alert_revisions_months: int = Field(
        60, ge=1, le=1200, description="Months that `alert_revisions` are kept."
    )
    actions_months: int = Field(60, ge=1, le=1200, description="Months that `actions` are kept.")
    dead_letters_months: int = Field(3, ge=1, le=1200, description="Months that `dead_letters` are kept.")
    letter_outcomes_months: int = Field(
        3, ge=1, le=1200, description="Months that `letter_outcomes` are kept."
    )


class Privacy(_Section):
    """What is known of people."""

    pseudonym_key: SecretStr = Field(
        SecretStr(""),
        description="Key of the pseudonyms that stand for account ids everywhere behind the raw topics. "
        "At least 16 characters. Empty: ids stay as they are.",
    )
    pseudonym_key_file: Path | None = Field(None, description="File that holds the key, instead.")
    purge_seconds: float = Field(
        600.0,
        gt=0,
        description="Least time between two sweeps that take the words of deleted posts out of the store's files, "
        "in seconds; readers do not see them any more as soon as the deletion is stored.",
    )

    @model_validator(mode="after")
    def _long_enough(self) -> Privacy:
        key = self.key()
        if key is not None and len(key) < 16:
            raise ValueError("the pseudonym key is shorter than 16 characters")
        return self

    def key(self) -> bytes | None:
        """The key; None where pseudonyms are not asked for.

        Raises:
            ValueError: the file cannot be read, or both are set.
        """
        key = self.pseudonym_key.get_secret_value().encode()
        if self.pseudonym_key_file is None:
            return key or None
        if key:
            raise ValueError("pseudonym_key and pseudonym_key_file are both set; one is enough")
        try:
            return self.pseudonym_key_file.read_bytes().strip()
        except OSError as error:
            raise ValueError(f"pseudonym_key_file {self.pseudonym_key_file}: {error.strerror}") from None


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
    retention: Retention = Field(default_factory=Retention)  # type: ignore[arg-type]
    privacy: Privacy = Field(default_factory=Privacy)  # type: ignore[arg-type]
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
