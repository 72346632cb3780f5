"""What the burst detector keeps: intervals, episodes and targets."""

from __future__ import annotations

from pipeline.detect.activity import Activity
from pipeline.detect.finding import Finding
from pipeline.detect.novelty import Novelty
from pipeline.detect.parameters_volume import BurstParameters
from pipeline.detect.series import CountModel, Expectation
from pipeline.detect.volume_tally import Tally
from pipeline.detect.waves import Wave, Waves


class Bucket:
    """Posts of one target in one interval. `rows` are those that no tally holds yet."""

    __slots__ = ("count", "exceeded", "expectation", "judged", "learned", "rows")

    def __init__(self) -> None:
        self.count = 0
        self.rows: list[Activity] = []
        self.expectation: Expectation | None = None
        self.exceeded = False  # by itself
        self.judged = False  # as the end of an hour
        self.learned = False


class Episode:
    """Buckets above threshold that belong together: `first` and `last` of them, numbered from the epoch."""

    __slots__ = ("exceeded", "first", "last", "said", "tally", "waves", "weighed")

    def __init__(self, index: int, parameters: BurstParameters) -> None:
        self.first = self.last = index
        self.exceeded: dict[int, Bucket] = {}
        self.waves: dict[int, Wave] = {}  # bucket at the end of the hour -> the hour
        self.tally = Tally(parameters)
        self.said: Finding | None = None
        self.weighed = 0  # posts when it was last looked at


class Target:
    """What is known of one target, and its buckets that may yet matter."""

    __slots__ = ("buckets", "episodes", "model", "novel", "novelty", "waves")

    def __init__(self, model: CountModel, novelty: Novelty, waves: Waves) -> None:
        self.model = model
        self.novelty = novelty
        self.waves = waves
        self.novel: dict[int, float] = {}  # bucket -> how new it was, where an episode may yet ask
        self.buckets: dict[int, Bucket] = {}
        self.episodes: list[Episode] = []
