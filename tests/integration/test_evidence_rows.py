"""The evidence of every alert of the demonstration's scenario, asked of the real store: exactly its rows, no others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import orjson
import pytest

from pipeline.backtest import Backtest
from pipeline.connect.files import stamp
from pipeline.demo import items
from pipeline.detect.alert_step import Told
from pipeline.detect.clusters import Membership
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import targets
from pipeline.scenario import Scenario, generate
from pipeline.scenario.plants import PLANTS
from pipeline.scenario.season import with_weeks
from pipeline.store import rows
from pipeline.store.enriched_rows import posts_from_json
from pipeline.text.contract import to_contract
from pipeline.text.enrich import Enriched, enrich
from schemas.alerts import MAX_IDS, Alert
from schemas.records import FanCount, Follow, Post, Record, to_dict
from schemas.times import Micros, format_time, parse_time
from tests.eval.varied import plants
from tests.integration.test_store_process import NOW, StoreProcess

pytestmark = [pytest.mark.integration, pytest.mark.long]

_BATCH = 5_000


class _Run(Backtest):
    """A backtest that also keeps which post is in which cluster, as the live system publishes it."""

    def __init__(self, records: Sequence[Record]) -> None:
        super().__init__(Parameters())
        self.members: list[Membership] = []
        self.feed(list(stamp(items(records))), end=True)

    def _keep(self, told: Told) -> None:
        super()._keep(told)
        self.members += told.memberships


class Case:
    """The scenario, what was found in it, and a store that holds its rows."""

    def __init__(self, store: StoreProcess) -> None:
        self.store = store
        # The demonstration has no group that shares within seconds; what is planted beside changes nothing of the rest.
        self.scenario: Scenario = with_weeks(generate(1, plants={**PLANTS, "ring": plants(1)["ring/0"]}))
        self.run = _Run(self.scenario.records)
        self.enriched: list[Enriched] = [enrich(r) for r in self.scenario.records if isinstance(r, Post)]
        with store.writer() as writer:
            raws = [orjson.dumps(to_contract(one)) for one in self.enriched]
            for start in range(0, len(raws), _BATCH):
                writer.insert("posts", posts_from_json(raws[start : start + _BATCH], NOW))
            plain = [to_dict(r) for r in self.scenario.records if not isinstance(r, Post)]
            for name, table in rows.fan_tables(plain, NOW):
                writer.insert(name, table)
            members = [
                {**msgspec.structs.asdict(one), "created_at": format_time(one.created_at)}
                for one in self.run.members
            ]
            writer.insert("copy_members", rows.copy_members_table(members, NOW))

    def ask(self, alert: Alert) -> list[dict[str, Any]]:
        """The rows of its evidence, as a reader gets them."""
        client = self.store.reader()
        try:
            return list(client.query(alert.evidence_sql).named_results())
        finally:
            client.close()

    def of(self, *kinds: str) -> list[Alert]:
        """The alerts of some kinds; there must be some."""
        found = [alert for alert in self.run.alerts.values() if alert.kind in kinds]
        assert found, kinds
        return found


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    store = StoreProcess(tmp_path_factory.mktemp("store"))
    yield Case(store)
    assert store.stop() == 0


def _bounds(alert: Alert) -> tuple[Micros, Micros]:
    return parse_time(alert.window.start), parse_time(alert.window.end)


def _posts_of(alert: Alert, case: Case) -> set[tuple[str, str]]:
    """The posts that an alert speaks of, from the records themselves."""
    start, end = _bounds(alert)
    subject = alert.subject
    if alert.kind == "copy_paste":
        (cluster,) = (closed for closed in case.run.copies if closed.cluster_id == subject.id)
        wanted = set(cluster.post_ids)
        return {(one.post.platform, one.post.id) for one in case.enriched if one.post.id in wanted}
    named = set(alert.accounts.ids) if alert.kind in ("pile_on", "fake_fans") else None
    assert named is None or len(named) == alert.accounts.count  # all of them are listed
    return {
        (one.post.platform, one.post.id)
        for one in case.enriched
        if one.post.platform == subject.platform
        and (named is None or one.post.author_id in named)
        and start <= one.post.created_at <= end
        and (one.post.author_id == subject.id if alert.kind == "author_burst" else subject.id in targets(one))
    }


def test_evidence_is_exactly_the_alerts_posts(case: Case) -> None:
    """Copies, bursts, paces, pile-ons and fake fans: the rows are the posts of the records, as many as the alert
    counts; listed ids among them, in their order."""
    case.of("pile_on")
    case.of("fake_fans")
    for alert in case.of("copy_paste", "burst", "author_burst", "pile_on", "fake_fans"):
        found = case.ask(alert)
        names = [(row["platform"], row["id"]) for row in found]
        assert len(set(names)) == len(names)
        assert set(names) == _posts_of(alert, case), alert.alert_id
        assert len(names) == alert.posts.count
        ids = [name for _, name in names]
        assert set(alert.posts.ids) <= set(ids)
        assert len(alert.posts.ids) == min(MAX_IDS, alert.posts.count)
        assert len({(row["platform"], row["author_id"]) for row in found}) == alert.accounts.count
        assert set(alert.accounts.ids) <= {row["author_id"] for row in found}
        assert [row["created_at"] for row in found] == sorted(row["created_at"] for row in found)


def test_evidence_of_groups(case: Case) -> None:
    """Groups that share the same things: the rows are the posts that the alert lists, and no others."""
    groups = case.of("coordinated_accounts")
    assert {alert.detector.name for alert in groups} == {"coordinated_accounts", "ring_weeks"}
    for alert in groups:
        ids = {row["id"] for row in case.ask(alert)}
        assert set(alert.posts.ids) <= ids
        assert len(ids) == alert.posts.count


def test_evidence_of_new_fans_who_were_seen(case: Case) -> None:
    """Where follow events are known the rows are those of the page within the window; the alert's accounts are among
    them."""
    for alert in case.of("fan_spike"):
        start, end = _bounds(alert)
        wanted = {
            (r.actor_id, r.action)
            for r in case.scenario.records
            if isinstance(r, Follow)
            and (r.platform, r.page_id) == (alert.subject.platform, alert.subject.id)
            and start <= r.at <= end
        }
        found = case.ask(alert)
        assert {(row["actor_id"], row["action"]) for row in found} == wanted
        assert len(found) == len(wanted)
        assert set(alert.accounts.ids) <= {row["actor_id"] for row in found}


def test_evidence_of_new_fans_who_were_counted(case: Case) -> None:
    """Where only counts are known the rows are the page's readings within the window, and show the growth."""
    counts = [r for r in case.scenario.records if isinstance(r, FanCount)]
    spikes = [alert for alert in _Run(counts).alerts.values() if alert.kind == "fan_spike"]
    assert len(spikes) >= 2
    for alert in spikes:
        start, end = _bounds(alert)
        wanted = [
            (r.observed_at, r.followers)
            for r in counts
            if (r.platform, r.page_id) == (alert.subject.platform, alert.subject.id)
            and start <= r.observed_at <= end
        ]
        found = case.ask(alert)
        assert [row["followers"] for row in found] == [followers for _, followers in sorted(wanted)]
        assert found[-1]["followers"] - found[0]["followers"] == alert.observed
