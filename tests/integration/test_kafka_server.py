"""Apache Kafka as the tests run it: Vigie's topics, large messages, exact offsets, restarts, clean ends.

Those marked `kafka` start a Kafka of their own, whatever KAFKA_BOOTSTRAP says, because they restart it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import UnknownTopicOrPartitionError

from pipeline.broker import create_topics
from pipeline.bus import Message, Publisher, partition_of
from schemas.topics import ACTIONS, ALERTS, COPIES, FANS_RAW, POSTS_RAW, TOPICS
from tests.kafka_server import KafkaMissingError, KafkaServer, KafkaStartError, check_available

ROOT = Path(__file__).resolve().parents[2]
RUN = [sys.executable, "-m", "tests.kafka_server", "--"]


@pytest.fixture(scope="module")
def java() -> None:
    """Skips where Kafka cannot run."""
    try:
        check_available()
    except KafkaMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def kafka(java: None) -> Iterator[KafkaServer]:
    """A running Kafka with all topics of Vigie."""
    with KafkaServer() as server:
        created = asyncio.run(create_topics(server.bootstrap))
        assert sorted(created) == sorted(TOPICS)
        yield server


async def end_offsets(bootstrap: str, topic: str) -> dict[int, int]:
    """The offset after the last record, by partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        places = [TopicPartition(topic, partition) for partition in range(TOPICS[topic].partitions)]
        return {place.partition: end for place, end in (await consumer.end_offsets(places)).items()}
    finally:
        await consumer.stop()


async def read(bootstrap: str, topic: str, partition: int, start: int) -> list[tuple[int, bytes | None]]:
    """Offsets and values from `start` to the end offset."""
    place = TopicPartition(topic, partition)
    end = (await end_offsets(bootstrap, topic))[partition]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, max_partition_fetch_bytes=16 << 20)
    await consumer.start()
    try:
        consumer.assign([place])
        consumer.seek(place, start)
        found: list[tuple[int, bytes | None]] = []
        while await consumer.position(place) < end:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                found.extend((record.offset, record.value) for record in records)
        return found
    finally:
        await consumer.stop()


async def publish(bootstrap: str, topic: str, messages: list[Message]) -> None:
    """Sends with Vigie's own producer."""
    publisher = Publisher(bootstrap, "test")
    await publisher.start()
    try:
        await publisher.send(topic, messages)
    finally:
        await publisher.stop()


def listens(bootstrap: str) -> bool:
    """Whether somebody answers there."""
    host, port = bootstrap.split(":")
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((host, int(port))) == 0


def shell_environment(**changes: str) -> dict[str, str]:
    """This environment without a broker, and changed."""
    return {**{name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP"}, **changes}


@pytest.mark.kafka
async def test_topics_are_created_as_declared(kafka: KafkaServer) -> None:
    """Partitions, replicas and settings that the broker reports are those of topics.toml, for every topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        described = {
            topic["topic"]: topic["partitions"] for topic in await admin.describe_topics(list(TOPICS))
        }
        assert {name: len(partitions) for name, partitions in described.items()} == {
            name: topic.partitions for name, topic in TOPICS.items()
        }
        assert {len(p["replicas"]) for partitions in described.values() for p in partitions} == {1}
        answers = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name) for name in TOPICS]
        )
        settings = {
            resource["resource_name"]: {
                entry["config_names"]: entry["config_value"] for entry in resource["config_entries"]
            }
            for answer in answers
            for resource in answer.to_object()["resources"]
        }
        assert set(settings) == set(TOPICS)
        for name, topic in TOPICS.items():
            assert topic.config().items() <= settings[name].items(), name
    finally:
        await admin.close()


@pytest.mark.kafka
async def test_creating_topics_again_changes_nothing(kafka: KafkaServer) -> None:
    """create_topics leaves what is there alone and says that it created nothing."""
    assert await create_topics(kafka.bootstrap) == []


@pytest.mark.kafka
async def test_unknown_topics_are_not_made_up(kafka: KafkaServer) -> None:
    """A topic that nobody declared is an error, not a new topic."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        (answer,) = await admin.describe_topics(["vigie.misspelt.v1"])
        assert answer["error_code"] == UnknownTopicOrPartitionError.errno
        assert "vigie.misspelt.v1" not in await admin.list_topics()
    finally:
        await admin.close()


@pytest.mark.kafka
async def test_a_message_of_six_megabytes_passes(kafka: KafkaServer) -> None:
    """6 MB that do not compress go in and come out the same."""
    value = os.urandom(6_000_000)
    start = (await end_offsets(kafka.bootstrap, ACTIONS))[0]
    await publish(kafka.bootstrap, ACTIONS, [Message(b"large", value)])
    assert await read(kafka.bootstrap, ACTIONS, 0, start) == [(start, value)]


@pytest.mark.kafka
async def test_end_offsets_are_exact(kafka: KafkaServer) -> None:
    """The end offset grows by the records sent, though they came in few batches, in every partition."""
    before = await end_offsets(kafka.bootstrap, POSTS_RAW)
    partitions = TOPICS[POSTS_RAW].partitions
    keys = [b"demo:%d" % number for number in range(5_000)]
    await publish(kafka.bootstrap, POSTS_RAW, [Message(key, b"{}") for key in keys])
    expected = dict(before)
    for key in keys:
        expected[partition_of(key, partitions)] += 1
    assert await end_offsets(kafka.bootstrap, POSTS_RAW) == expected


@pytest.mark.kafka
async def test_a_key_goes_where_kafkas_own_partitioner_puts_it(kafka: KafkaServer) -> None:
    """`Publisher.place` agrees with aiokafka's default partitioner about partitions that the broker names."""
    before = await end_offsets(kafka.bootstrap, FANS_RAW)
    keys = [b"demo:page-%d" % number for number in range(50)]
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    try:
        places = [(await producer.send_and_wait(FANS_RAW, b"{}", key=key)).partition for key in keys]
    finally:
        await producer.stop()
    assert places == [partition_of(key, TOPICS[FANS_RAW].partitions) for key in keys]
    assert sum((await end_offsets(kafka.bootstrap, FANS_RAW)).values()) == sum(before.values()) + 50


@pytest.mark.kafka
async def test_a_group_joins_and_resumes_where_it_committed(kafka: KafkaServer) -> None:
    """A second consumer of a group goes on after what the first one committed."""
    start = (await end_offsets(kafka.bootstrap, ALERTS))[0]
    await publish(kafka.bootstrap, ALERTS, [Message(b"a%d" % n, b"%d" % n) for n in range(10)])

    async def take(count: int) -> list[int]:
        consumer = AIOKafkaConsumer(
            ALERTS,
            bootstrap_servers=kafka.bootstrap,
            group_id="test-resume",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            offsets = [(await consumer.getone()).offset for _ in range(count)]
            await consumer.commit({TopicPartition(ALERTS, 0): offsets[-1] + 1})
            return offsets
        finally:
            await consumer.stop()

    taken = await take(start + 4)
    assert taken == list(range(start + 4))
    assert await take(6) == [start + 4 + n for n in range(6)]


@pytest.mark.kafka
@pytest.mark.parametrize("kill", [False, True], ids=["in good order", "killed"])
async def test_a_restart_keeps_records_and_topics(kafka: KafkaServer, kill: bool) -> None:
    """After a restart, even a crash, address, topics, records and offsets are what they were; writing goes on."""
    address, process = kafka.bootstrap, kafka.pid
    start = (await end_offsets(address, COPIES))[0]
    await publish(address, COPIES, [Message(b"k%d" % n, b"before %d" % n) for n in range(100)])
    await asyncio.to_thread(kafka.restart, kill)
    assert kafka.bootstrap == address
    assert kafka.pid not in (None, process)
    assert (await end_offsets(address, COPIES))[0] == start + 100
    assert await create_topics(address) == []
    await publish(address, COPIES, [Message(b"k", b"after")])
    found = await read(address, COPIES, 0, start)
    assert found == [(start + n, b"before %d" % n) for n in range(100)] + [(start + 100, b"after")]


@pytest.mark.kafka
async def test_it_can_be_away_for_a_while(kafka: KafkaServer) -> None:
    """Between `halt` and `start` nobody listens on its port; a publisher that waited gets through afterwards."""
    publisher = Publisher(kafka.bootstrap, "test")
    await publisher.start()
    try:
        start = (await end_offsets(kafka.bootstrap, COPIES))[0]
        await asyncio.to_thread(kafka.halt)
        assert kafka.pid is None
        assert not listens(kafka.bootstrap)
        waiting = asyncio.create_task(publisher.send(COPIES, [Message(b"k", b"patient")]))
        await asyncio.to_thread(kafka.start)
        await waiting
    finally:
        await publisher.stop()
    assert await read(kafka.bootstrap, COPIES, 0, start) == [(start, b"patient")]


@pytest.mark.kafka
def test_settings_are_passed_on_and_wrong_ones_are_told(java: None) -> None:
    """A property that Kafka refuses ends the start with Kafka's own words and leaves no folder behind."""
    server = KafkaServer({"log.retention.hours": "soon"})
    with pytest.raises(KafkaStartError, match=r"log\.retention\.hours"):
        server.start()
    assert server.pid is None
    with pytest.raises(RuntimeError, match="before start"):
        _ = server.bootstrap


@pytest.mark.kafka
def test_the_cache_needs_neither_maven_nor_network(kafka: KafkaServer, tmp_path: Path) -> None:
    """With the jars in the cache, Java alone in PATH is enough; the command's exit code comes back."""
    where = subprocess.run(["sh", "-c", "command -v java"], capture_output=True, text=True, check=True)
    (tmp_path / "java").symlink_to(where.stdout.strip())
    done = subprocess.run(
        [*RUN, sys.executable, "-c", "import os; print(os.environ['KAFKA_BOOTSTRAP']); raise SystemExit(7)"],
        cwd=ROOT,
        env=shell_environment(PATH=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    assert done.stdout.startswith("127.0.0.1:")
    assert not listens(done.stdout.strip())


@pytest.mark.kafka
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_command_and_broker(java: None, tmp_path: Path, signum: signal.Signals) -> None:
    """SIGTERM, and a Ctrl-C as a terminal sends it, leave no command, no broker and no folder behind."""
    command = "import os, time; print(os.environ['KAFKA_BOOTSTRAP'], flush=True); time.sleep(600)"
    process = subprocess.Popen(
        [*RUN, sys.executable, "-c", command],
        cwd=ROOT,
        env=shell_environment(TMPDIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        # Where the tests run in the background, SIGINT is ignored, and a child would inherit that.
        preexec_fn=lambda: signal.signal(signum, signal.SIG_DFL),
    )
    assert process.stdout is not None
    try:
        bootstrap = process.stdout.readline().strip()
        assert listens(bootstrap)
        assert list(tmp_path.glob("vigie-kafka-*"))
        if signum == signal.SIGINT:
            os.killpg(process.pid, signum)  # a terminal sends it to the whole group
        else:
            process.send_signal(signum)
        assert process.wait(60) == 128 + signum
        assert process.stdout.read() == ""  # the end of the pipe: the command has gone too
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert not listens(bootstrap)
    assert not list(tmp_path.glob("vigie-kafka-*"))


@pytest.mark.kafka
def test_a_signal_while_kafka_starts_leaves_nothing(java: None, tmp_path: Path) -> None:
    """SIGTERM before the broker is up ends it, and the command never runs."""
    process = subprocess.Popen(
        [*RUN, "touch", str(tmp_path / "ran")],
        cwd=ROOT,
        env=shell_environment(TMPDIR=str(tmp_path)),
        stderr=subprocess.DEVNULL,
    )
    try:
        while process.poll() is None and not list(tmp_path.glob("vigie-kafka-*/kafka.log")):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    finally:
        process.kill()
        process.wait()
    assert list(tmp_path.iterdir()) == []


def test_a_given_broker_is_used_as_it_is() -> None:
    """With KAFKA_BOOTSTRAP set, no Java is needed; the command gets that address and its exit code comes back."""
    done = subprocess.run(
        [*RUN, sys.executable, "-c", "import os; print(os.environ['KAFKA_BOOTSTRAP']); raise SystemExit(3)"],
        cwd=ROOT,
        env=shell_environment(KAFKA_BOOTSTRAP="127.0.0.1:9", PATH="", JAVA_HOME=""),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "127.0.0.1:9\n", "")


@pytest.mark.parametrize(
    ("java_version", "said"),
    [(None, "no java in JAVA_HOME or PATH"), ("11.0.2", "is Java 11"), ("17.0.1", "no mvn in PATH")],
)
def test_what_is_missing_is_told(tmp_path: Path, java_version: str | None, said: str) -> None:
    """Without Java, with an old one, or without Maven: exit 2, and what to install on standard error."""
    if java_version:
        java = tmp_path / "java"
        java.write_text(f"#!/bin/sh\necho 'openjdk version \"{java_version}\"' >&2\n")
        java.chmod(0o755)
    done = subprocess.run(
        [*RUN, sys.executable, "-c", "print('ran')"],
        cwd=ROOT,
        env=shell_environment(PATH=str(tmp_path), JAVA_HOME="", VIGIE_KAFKA_CACHE=str(tmp_path / "cache")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "apt-get install" in done.stderr
    assert "KAFKA_BOOTSTRAP" in done.stderr


def test_a_command_is_asked_for() -> None:
    """Without a command: the usage on standard error, exit 2. With an unknown one: 127, as a shell has it."""
    bare = subprocess.run(RUN, cwd=ROOT, env=shell_environment(), capture_output=True, text=True, check=False)
    assert bare.returncode == 2
    assert "usage: python -m tests.kafka_server" in bare.stderr
    unknown = subprocess.run(
        [*RUN, "./no-such-command"],
        cwd=ROOT,
        env=shell_environment(KAFKA_BOOTSTRAP="127.0.0.1:9"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert unknown.returncode == 127
    assert "./no-such-command" in unknown.stderr
