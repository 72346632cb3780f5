"""Three weeks of forums before and beside a scenario."""

from __future__ import annotations

from pipeline.scenario.generate import by_time, generate
from pipeline.scenario.season import with_weeks
from pipeline.scenario.weeks import FORUMS, WEEKS
from schemas.records import Post
from schemas.times import DAY


def test_weeks_end_with_the_scenario() -> None:
    """Nothing of the scenario changes; the forums have three weeks, the ring is at work to the end."""
    scenario = generate(3, scale=0.02)
    whole = with_weeks(scenario)
    forums = [record for record in whole.records if isinstance(record, Post) and record.platform in FORUMS]
    rest = [record for record in whole.records if record.platform not in FORUMS]
    assert rest == scenario.records
    assert whole.records == sorted(whole.records, key=by_time)
    assert whole.start == scenario.end - WEEKS
    assert all(whole.start <= post.created_at < scenario.end for post in forums)
    added = {planted.name: planted for planted in whole.truth if planted not in scenario.truth}
    assert len(whole.truth) == len(scenario.truth) + len(added)
    (ring,) = (planted for planted in added.values() if planted.expected == "alert")
    assert len(ring.accounts) == 30
    assert scenario.end - ring.end < DAY
    assert whole.start + DAY > ring.start
    assert {post.id for post in forums} >= set(ring.posts)
    assert len({planted.name for planted in whole.truth}) == len(whole.truth)
