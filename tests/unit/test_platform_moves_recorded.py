"""Twitter's removals of 2018, in the recorded counts of several hundred pages."""

from __future__ import annotations

import pytest

from pipeline.detect.clock import END, FINAL, Tick
from pipeline.detect.fan_days import FanDays
from pipeline.detect.fan_merge import FanMerge, FanWord
from pipeline.detect.finding import Finding
from pipeline.detect.parameters import Parameters
from schemas.records import FanCount
from schemas.times import format_time, parse_time
from tests.recorded import recorded

pytestmark = pytest.mark.shared


def test_the_purge_of_july_2018_is_one_event() -> None:
    """April to August 2018: on 13 July one alert of the platform, and no day tells two."""
    path = recorded("followers_fr_mps", "followers.parquet")
    pandas = pytest.importorskip("pandas")
    table = pandas.read_parquet(path, columns=["observed_at", "user_id", "followers"]).dropna()
    table = table[(table.observed_at >= "2018-04-15") & (table.observed_at < "2018-08-10")]
    parameters = Parameters()
    days, last = FanDays(parameters.platform), dict[str, Finding]()
    merge = FanMerge(parameters.platform, parameters.together, 1, parameters.lateness)
    for moment, rows in table.groupby("observed_at"):
        at = parse_time(moment.to_pydatetime())
        pages = zip(rows.user_id, rows.followers, strict=True)
        days.add(FanCount("x", page, at, int(fans)) for page, fans in pages)
        tick = Tick(at, at - parameters.lateness)
        last |= {f.alert_id: f for f in merge.feed(FanWord(0, at, False, *days.advance(tick)), [], 0.0)}
    last |= {f.alert_id: f for f in merge.feed(FanWord(0, END, False, *days.advance(FINAL)), [], 0.0)}
    told = [finding for finding in last.values() if not finding.withdrawn]
    days_told = [format_time(finding.end)[:10] for finding in told]
    assert days_told.count("2018-07-13") == 1
    assert len(days_told) == len(set(days_told)) <= 4
    purge = told[days_told.index("2018-07-13")]
    assert purge.closed
    assert purge.severity == "info"
    assert purge.reasons[0].code == "platform_wide_loss"
    assert purge.reasons[0].values["pages"] >= 30
    assert purge.reasons[0].values["same_way"] >= 100
    assert 0.005 < purge.reasons[0].values["share"] < 0.02
