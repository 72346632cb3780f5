"""The burst detector's view of a single series of counts, row by row: its model and its novelty, nothing else."""

from __future__ import annotations

from pipeline.detect.novelty import Novelty, NoveltyParameters, novelty_score
from pipeline.detect.series import CountModel, SeriesParameters
from schemas.times import DAY, Micros


class OneSeries:
    """One series in one pass. `width` is the length of its intervals, `forget` that of a silence after which it
    begins anew, both in microseconds.

    Unlike a target of the stream, where no post is a count of 0, a series has gaps: what is missing was not
    observed, and is learned as what is usual there.
    """

    def __init__(self, width: Micros, forget: Micros = 30 * DAY) -> None:
        self.width = width
        self._forget = forget
        self._model = CountModel(SeriesParameters(width=width, forget=forget))
        self._novelty = Novelty(NoveltyParameters(width=width))

    @property
    def last(self) -> Micros:
        """Start of the last interval; -1 before the first."""
        return self._model.last

    def score(self, start: Micros, count: float) -> float:
        """How anomalous the count of the interval that begins at `start` is, 0..1, from it and those before.

        Raises:
            ValueError: the interval does not lie after the last one.
        """
        model = self._model
        if start <= model.last:
            raise ValueError("intervals are given in order of time")
        if model.last >= 0 and start - model.last > self._forget:
            self._novelty = Novelty(NoveltyParameters(width=self.width))
        elif model.last >= 0:
            for missing in range(model.last + self.width, start, self.width):
                model.learn(missing, model.expect(missing).mean)
        novelty = self._novelty.learn(start, count, model.rhythm(start))
        model.learn(start, count)
        return novelty_score(novelty)
