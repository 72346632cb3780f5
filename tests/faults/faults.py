"""The faults: what is done to a run, each in a few lines."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.embedded import Renewal
from pipeline.poison import POISONED
from tests.faults.brokers import Embedded
from tests.faults.scene import Scene
from tests.faults.stream import Shape, hot_account, hot_page

SESSION = 6.0
"""Seconds after which the group takes a worker that says nothing for dead (`agents.app.faust_app`)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table.

    act: what is done while the records flow. shape: of the records. workers: detection workers at the start. proxied:
    the sink's way to the store can be disturbed. disk: megabytes of the store's own, to be filled. partitions: of the
    raw topics, where not as declared. memory: what a broker without memory loses is lost for good, so only one that
    keeps its records can come through. settings: of the parts, in the environment. embedded: there is no such thing
    on another broker.
    """

    name: str
    about: str
    act: Callable[[Scene], None]
    shape: Shape = field(default_factory=Shape)
    workers: int = 1
    proxied: bool = False
    disk: int | None = None
    partitions: int | None = None
    memory: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    embedded: bool = False


def nothing(_: Scene) -> None:
    """The records are bad enough."""


def killing(*names: str, times: int = 3) -> Callable[[Scene], None]:
    """SIGKILL of one of these parts, at random moments; now and then while it is still coming up again."""

    def act(scene: Scene) -> None:
        for share in scene.moments(times):
            scene.published(share)
            scene.wait(scene.rng.uniform(0.0, 2.0))
            name = scene.rng.choice(names)
            scene.running(name)
            scene.note(f"killed {name}")
            scene.parts.kill(name)

    return act


def rescaled(scene: Scene) -> None:
    """One worker, two, four, one again."""
    for share, names in ((0.15, ("detect-2",)), (0.4, ("detect-3", "detect-4"))):
        scene.published(share)
        scene.note(f"started {', '.join(names)}")
        for name in names:
            scene.parts.launch(name)
    scene.published(0.75)
    scene.note("stopped detect-2, detect-3, detect-4")
    scene.parts.retire("detect-2", "detect-3", "detect-4")


def joined_and_left(scene: Scene) -> None:
    """One worker, two, one again."""
    scene.published(0.2)
    scene.note("started detect-2")
    scene.parts.launch("detect-2")
    scene.published(0.7)
    scene.note("stopped detect-1")
    scene.parts.retire("detect-1")


def frozen(name: str) -> Callable[[Scene], None]:
    """SIGSTOP for twice as long as the group waits, then SIGCONT."""

    def act(scene: Scene) -> None:
        scene.published(scene.rng.uniform(0.1, 0.5))
        scene.note(f"froze {name}")
        scene.parts.freeze(name)
        scene.wait(2 * SESSION)
        scene.note(f"woke {name}")
        scene.parts.thaw(name)

    return act


def sink_frozen_of_two(scene: Scene) -> None:
    """A second sink takes over what the frozen one had; that one then wakes with a batch of its own."""
    scene.parts.launch("sink-2")
    frozen("sink")(scene)


def store_away(seconds: float, how: signal.Signals) -> Callable[[Scene], None]:
    """The store ends and comes back later."""

    def act(scene: Scene) -> None:
        scene.published(scene.rng.uniform(0.2, 0.5))
        scene.note(f"store ended by {how.name}")
        scene.parts.retire("store", how=how)
        scene.wait(seconds)
        scene.parts.launch("store")
        scene.note("store back")

    return act


def store_slow(scene: Scene) -> None:
    """Every insert takes a second longer for half of the records."""
    assert scene.parts.proxy is not None
    scene.published(0.2)
    scene.note("store slow")
    scene.parts.proxy.delay = 1.0
    scene.published(0.7)
    scene.parts.proxy.delay = 0.0
    scene.note("store quick again")


def store_refuses(scene: Scene) -> None:
    """One insert is refused; the answers of two others are lost, one of them together with the sink."""
    proxy = scene.parts.proxy
    assert proxy is not None
    scene.published(0.2)
    proxy.refusals = 1
    scene.until(lambda: not proxy.refusals, 30.0)
    scene.note("insert refused")
    scene.published(0.4)
    proxy.stalled = 1
    scene.until(lambda: not proxy.stalled, 30.0)
    scene.note("answer lost")
    scene.published(0.6)
    proxy.stalled = 1
    scene.until(lambda: not proxy.stalled, 30.0)
    scene.parts.kill("sink")
    scene.note("answer lost and sink killed")


def store_full(scene: Scene) -> None:
    """The store's disk is full for ten seconds."""
    disk = scene.parts.disk
    assert disk is not None
    scene.published(0.3)
    disk.fill()
    scene.note("disk full")
    scene.wait(10.0)
    disk.clear()
    scene.note(f"disk has {disk.room() >> 20} MB again")


def broker_away(seconds: float) -> Callable[[Scene], None]:
    """The broker is killed and comes back after some seconds.

    The embedded one comes back empty, as after a new `vigie up`, which starts all parts anew.
    """

    def act(scene: Scene) -> None:
        parts = scene.parts
        scene.published(scene.rng.uniform(0.3, 0.6))
        scene.note("killed the broker")
        parts.broker.kill()
        if not parts.broker.forgets:
            scene.wait(seconds)
            parts.broker.start()
            scene.note("broker back")
            return
        workers = [name for name in parts.pids() if name.partition("-")[0] in ("detect", "sink")]
        parts.retire(*workers, how=signal.SIGKILL)
        scene.wait(seconds)
        parts.broker.start()
        parts.topics()
        scene.note("broker back, empty")
        for name in workers:
            parts.launch(name)

    return act


def limited(scene: Scene) -> None:
    """The worker stops for so much poison, however often it is started again, until it is told to go on."""
    stopped = f"detect: {POISONED}"
    if not scene.until(lambda: scene.parts.ended[stopped] >= 2, 120.0):
        raise RuntimeError("a worker that met nothing but poison did not stop")
    scene.note("detection stopped twice; limit switched off")
    scene.parts.more["VIGIE_POISON__RECORDS"] = "0"


LIMIT = 28
"""Megabytes at which the broker is emptied where that is tried; an empty one has about 11."""


def renewal_of(scene: Scene, memory_mb: int) -> Renewal:
    """Empties the embedded broker of a run whenever it has grown to so much, as `vigie up` does."""
    parts = scene.parts
    assert isinstance(parts.broker, Embedded)
    kafka = parts.settings.kafka.model_copy(update={"memory_mb": memory_mb})
    workers = [name for name in parts.pids() if name.partition("-")[0] in ("detect", "sink")]

    def begin() -> None:
        for name in workers:
            parts.launch(name)

    settings = parts.settings.model_copy(update={"kafka": kafka})
    return Renewal(settings, parts.broker.host, lambda: parts.retire(*workers), begin)


def broker_bounded(scene: Scene) -> None:
    """The embedded broker is emptied whenever it has grown to `LIMIT`.

    Raises:
        AssertionError: that was not so at least twice, or its memory went far beyond.
    """
    renewal = renewal_of(scene, LIMIT)

    def through() -> bool:
        renewal.tick()
        return not scene.flow.going() and renewal.idle

    scene.until(through, 600.0)
    scene.note(f"emptied {renewal.times} times, {renewal.most >> 20} MB at the most")
    assert renewal.times >= 2, scene.done
    assert renewal.most < 2 * LIMIT << 20, scene.done


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("none", "nothing but bad records: twice, shuffled, late, edited, wrong clocks, poison", nothing),
        Fault("kill-detect", "SIGKILL of the detection worker at three random moments", killing("detect-1")),
        Fault("kill-sink", "SIGKILL of the sink worker at three random moments", killing("sink")),
        Fault("kill-store", "SIGKILL of the store at three random moments", killing("store")),
        Fault(
            "kill-any",
            "SIGKILL of any of two detection workers, sink and store, at five random moments",
            killing("detect-1", "detect-2", "sink", "store", times=5),
            workers=2,
        ),
        Fault("scale", "detection workers 1 → 2 → 4 → 1 while records flow", rescaled),
        Fault("join-leave", "a second detection worker joins, then the first leaves", joined_and_left),
        Fault("freeze-detect", "one of two detection workers frozen for 12 s, then woken", frozen("detect-1"),
              workers=2),
        Fault("freeze-sink", "the sink worker frozen for 12 s, then woken", frozen("sink")),
        Fault("freeze-sink-of-two", "one of two sink workers frozen for 12 s, then woken", sink_frozen_of_two),
        Fault("store-stopped", "the store stopped for 15 s", store_away(15.0, signal.SIGTERM)),
        Fault("store-away", "the store stopped for ten minutes", store_away(600.0, signal.SIGTERM)),
        Fault("store-full", "the store's disk is full for 10 s", store_full, disk=512),
        Fault("store-slow", "inserts take a second longer", store_slow, proxied=True),
        Fault("store-refuses", "a batch refused, answers lost, sink killed between write and commit", store_refuses,
              proxied=True),
        Fault("broker-restart", "the broker killed and started again", broker_away(0.0), memory=True),
        Fault("broker-away", "the broker killed and away for 20 s", broker_away(20.0), memory=True),
        Fault("broker-gone", "the broker killed and away for two minutes", broker_away(120.0), memory=True),
        Fault("broker-bounded", f"the embedded broker emptied whenever it has {LIMIT} MB", broker_bounded,
              embedded=True),
        Fault("poison", "one record in a hundred is none", nothing, shape=Shape(poison=0.01)),
        Fault("only-poison", "no record is one: detection stops; then the limit is switched off", limited,
              shape=Shape(poison=1.0), settings={"VIGIE_POISON__RECORDS": "300"}),
        Fault("hot-page", "one page has all followers; detection worker killed", killing("detect-1", times=1),
              shape=Shape(change=hot_page)),
        Fault("hot-account", "one account has most posts; detection worker killed", killing("detect-1", times=1),
              shape=Shape(change=hot_account)),
        *(
            Fault(f"partitions-{number}", f"raw and shuffle topics of {number} partitions", nothing, partitions=number)
            for number in (1, 3, 8)
        ),
    )
}  # fmt: skip
"""By name."""
