"""What the fan_spike detector takes for unusual. One set for all pages; every figure says its unit and its
reason."""

from __future__ import annotations

import msgspec

from schemas.times import DAY, HOUR, Micros


class GrainParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How follower counts are judged at one time scale.

    step: distance of two samples, microseconds. Readings that come faster are thinned to it.
    windows: lengths of the sums of growth that are judged, in steps.
    history: past sums that make the page's usual growth, in samples; min_history: fewer than that, no
    judgement.
    min_fans: least growth above the usual, in fans. Nobody sells fewer than a hundred, and a tenth may not arrive.
    min_share: least growth above the usual, as a share of the page's fans.
    deviations: least growth above the usual, in robust standard deviations (1.4826 MAD) of the page's own
    sums.
    far: a rise of so many thresholds is told at once; a smaller one waits until its shape is known. More at the scale
    of an hour, at which a page is looked at twenty-four times as often as at that of a day.
    patient: whether smaller ones are judged at all at this scale.
    max_gap: after a silence of more than so many steps a rise cannot be dated and is only noted.
    """

    step: Micros
    history: int
    min_history: int
    min_fans: float
    min_share: float
    deviations: float
    far: float
    patient: bool
    max_gap: float
    windows: tuple[int, ...] = (1, 2, 3)


class CountParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a page's follower counts are read.

    grains: the time scales, finest first. By the hour only what is far outside counts: an hour says nothing
    about how a rise ends.
    settle: after so long nothing more is learnt about the shape of a rise, microseconds.
    revert_within: a return to the level before a drop is no growth for so long, microseconds.
    reverted_share: a rise that loses this share again within two samples was a reading error.
    core_share: samples with at least this share of the fastest growth are the rise itself.
    shape_samples: samples after a rise that are awaited before its shape is judged.
    shape_margin: a rise dies away as news does when that explains its course better than a delivery by so much,
    in shares of the rise (root mean square).
    uneven: a rise of which a delivery leaves more than this share unexplained (root mean square) is none.
    news: a rise that dies away, or goes on for a week, is told from so many thresholds.
    stopped: a rise that stops dead is told from so many thresholds.
    afterglow, afterglow_price: what comes in the samples after a rise, as a share of it, speaks for attention: beyond
    `afterglow`, each share of 1 more raises what a rise needs by `afterglow_price` times.
    stale_chance, stale_run: a run of at least stale_run equal readings is stale when chance, going by how
    often this page's count stands still, gives it less than stale_chance.
    """

    grains: tuple[GrainParameters, ...] = (
        GrainParameters(HOUR, 336, 24, 80, 0.002, 8, 4, False, 3.5),
        GrainParameters(6 * HOUR, 168, 20, 80, 0.004, 8, 3, False, 3.5),
        GrainParameters(DAY, 90, 10, 90, 0.009, 8, 3, True, 7.5),
    )
    settle: Micros = 7 * DAY
    revert_within: Micros = 7 * DAY
    reverted_share: float = 0.8
    core_share: float = 0.5
    shape_samples: int = 3
    shape_margin: float = 0.015
    uneven: float = 0.27
    news: float = 4
    stopped: float = 0.915
    afterglow: float = 0.1
    afterglow_price: float = 2.0
    stale_chance: float = 0.001
    stale_run: int = 3


class FollowParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How follow and like events are read. Shares are of 1.

    windows: lengths of the sums that are judged, in hours; history: how far back the usual rhythm reaches, in
    hours.
    min_follows: least excess of a wave, in follows; min_varied: the same unless those who came look bought.
    deviations: excess in robust standard deviations (at least the square root of the usual number) that makes
    a wave, whoever came; suspect_deviations: the same when those who came look bought.
    min_judged: accounts with a known profile or creation date that are needed to say who came.
    young_days: an account is young for so many days.
    cohort_batches: how many fortnights of creation are looked at together; sellers mix a few batches.
    cohort, empty, young, stem: shares (above the page's usual, for empty, young and stem) between which
    suspicion grows from nothing to certainty.
    usual_empty, usual_young, usual_numbered: taken for a page of which fewer than min_judged past followers
    are known.
    bought: suspicion from which on the newcomers count as looking bought.
    """

    windows: tuple[int, ...] = (1, 6, 24)
    history: int = 28 * 24
    min_follows: int = 30
    min_varied: int = 80
    deviations: float = 12
    suspect_deviations: float = 5
    min_judged: int = 30
    young_days: int = 30
    cohort_batches: int = 3
    cohort: tuple[float, float] = (0.35, 0.65)
    empty: tuple[float, float] = (0.15, 0.45)
    young: tuple[float, float] = (0.25, 0.65)
    stem: tuple[float, float] = (0.15, 0.45)
    usual_empty: float = 0.1
    usual_young: float = 0.25
    usual_numbered: float = 0.2
    bought: float = 0.5


class FanSpikeParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole detector.

    cooldown: rises within so long of the first one are the same episode, microseconds.
    escalation: a rise so many times the size of the episode, a day or more after it, is another episode.
    grave_growth: growth above the usual, as a share of the fans before, from which a bought-looking spike is
    an error.
    grave_follows: the same in follows, where no count is known.
    lone_ratio: thresholds from which a rise is a warning though nobody saw who came, as `far`; a smaller one is info:
    among thousands of pages some pass one threshold by chance.
    grave_ratio: thresholds from which a sharp step is an error though nobody saw who came.
    """

    counts: CountParameters = CountParameters()
    follows: FollowParameters = FollowParameters()
    cooldown: Micros = 14 * DAY
    escalation: float = 1.5
    grave_growth: float = 0.1
    grave_follows: int = 1000
    lone_ratio: float = 3.0
    grave_ratio: float = 10.0
