"""Groups that share the same things at the same time: who is told, who is left in peace, and what the alert says."""

from __future__ import annotations

import re
from collections.abc import Callable

import chdb
import orjson
import pytest

from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.coshare_panes import CoSharePanes
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_sharing import SharingParameters
from pipeline.detect.ring_findings import MOST_POSTS
from pipeline.detect.rings import MOST_OBJECTS, Rings
from pipeline.detect.sharing import MOST_OBJECTS as MOST_OF_A_POST
from pipeline.detect.sharing import Share, shares_of
from pipeline.explain import summary
from pipeline.explain.evidence import evidence_sql
from pipeline.text.enrich import enrich
from schemas.records import Post
from schemas.times import DAY, HOUR, MINUTE, SECOND, Micros, format_time

START: Micros = 1_772_535_600_000_000


def wave(
    thing: str, accounts: list[str], at: Micros, apart: Micros = 10 * SECOND, domain: str = ""
) -> list[Share]:
    """One object, shared by these accounts one after the other."""
    return [
        Share("forum", thing, at + n * apart, account, f"{thing}/{account}/{at}", domain)
        for n, account in enumerate(accounts)
    ]


def ring(
    count: int = 4,
    objects: int = 8,
    kind: str = "link",
    domain: Callable[[int], str] = lambda n: f"site{n}.example",
) -> list[Share]:
    """`count` accounts that share `objects` objects, half an hour apart, within seconds of each other."""
    accounts = [f"ring{n}" for n in range(count)]
    return [
        share
        for n in range(objects)
        for share in wave(
            f"{kind} {n}",
            accounts,
            START + n * 30 * MINUTE,
            apart=SECOND,
            domain=domain(n) if kind == "link" else "",
        )
    ]


def closed(shares: list[Share], parameters: SharingParameters | None = None) -> list[Finding]:
    """The closed findings on these shares."""
    p = parameters or SharingParameters()
    panes, rings = CoSharePanes(p), Rings(p)
    panes.add(shares)
    rings.add(panes.advance(FINAL.watermark))
    return [finding for finding in rings.advance(FINAL) if finding.closed]


def codes(finding: Finding) -> set[str]:
    """Innocent explanations that hold."""
    return {reason.code for reason in finding.ruled_out if reason.values["holds"]}


def test_a_ring_is_told() -> None:
    """Four accounts that share eight rare links within seconds are one group, with figures and all their posts."""
    (finding,) = closed(ring())
    assert (finding.kind, finding.severity, finding.observed) == ("coordinated_accounts", "warning", 8.0)
    assert finding.accounts.ids == ("ring0", "ring1", "ring2", "ring3")
    assert finding.posts.count == 32
    said = {reason.code: reason.values for reason in finding.reasons}
    assert said["same_objects"]["kinds"] == {"link": 8}
    assert said["linked_pairs"] == {"pairs": 6, "of": 6}
    assert said["strongest_pair"]["strength"] > finding.detector.parameters["strength"]
    assert codes(finding) == set()


def test_a_large_and_strong_ring_is_an_error() -> None:
    """From ten accounts on, with pairs of twice the strength needed."""
    assert [finding.severity for finding in closed(ring(12, 30))] == ["error"]
    assert [finding.severity for finding in closed(ring(12, 10))] == ["warning"]


@pytest.mark.parametrize(
    ("shares", "why"),
    [
        (ring(objects=3), "too few objects"),
        (ring(count=2), "two accounts are no group"),
        (ring(count=60, objects=20), "everybody shares these"),
        (
            [share for n in range(40) for share in wave("link same", ["a", "b", "c"], START + n * HOUR)],
            "one object",
        ),
        (
            [
                share
                for n in range(8)
                for share in wave(f"link {n}", ["a", "b", "c"], START + n * HOUR, 90 * SECOND)
            ],
            "too far apart",
        ),
        (
            [share for n in range(12) for share in wave(f"link {n}", ["a", "b", "c"], START + n * 12 * HOUR)],
            "too rarely",
        ),
        (
            [
                Share("forum", f"link {n}", START + k, account, f"{account}{k}")
                for n in range(20)
                for k, account in enumerate("abc")
            ],
            "one post each",
        ),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_left_in_peace(shares: list[Share], why: str) -> None:
    """What happens to anybody makes no group."""
    assert closed(shares) == [], why


@pytest.mark.parametrize(
    ("shares", "code"),
    [
        (ring(domain=lambda n: "journal.example"), "one_source"),
        (ring(kind="repost"), "native_reposts"),
        (
            [
                share
                for n in range(20)
                for share in [
                    *wave(f"link {n}", ["a", "b", "c"], START + n * 30 * MINUTE, SECOND),
                    *wave(f"link {n}", [f"other{n}-{k}" for k in range(7)], START + (n * 30 + 3) * MINUTE, 61 * SECOND),
                ]
            ],
            "popular_objects",
        ),
    ],
    ids=["one source", "fans", "going round"],
)  # fmt: skip
def test_innocent_explanations(shares: list[Share], code: str) -> None:
    """A group that an innocent explanation fits is stored, not told: severity info, and the explanation named."""
    (finding,) = closed(shares)
    assert finding.severity == "info"
    assert codes(finding) == {code}
    assert finding.score < 0.3
    words = summary(finding)
    assert "innocente tient" in words.fr
    assert "innocent explanation holds" in words.en


def test_shortened_links_are_no_source() -> None:
    """That all links go through one shortener says nothing about where they lead."""
    (finding,) = closed(ring(domain=lambda n: "bit.ly"))
    assert (finding.severity, codes(finding)) == ("warning", set())


def test_words() -> None:
    """The summary has the figures in both languages, and speaks of compatibility, not of guilt."""
    (finding,) = closed(ring())
    words = summary(finding)
    assert words.fr.startswith("4 comptes (forum) ont partagé 8 contenus communs à moins de 1 minute d’écart")
    assert words.en.startswith("4 accounts (forum) shared 8 things in common within 1 minute of each other")
    assert "compatible avec" in words.fr
    assert "consistent with" in words.en


def test_evidence_is_exactly_its_posts() -> None:
    """The query picks the group's posts out of a table that also holds others of the same accounts and time."""
    (finding,) = closed(ring())
    rows = [
        {"platform": share.platform, "id": share.post_id, "created_at": format_time(share.at)}
        for share in [*ring(), *wave("link 1", ["ring0", "x"], START + 5 * HOUR)]
    ]
    rows.append({**rows[0], "platform": "elsewhere"})
    where = re.sub(r"^.* WHERE | ORDER BY .*$", "", evidence_sql(finding.evidence))
    values = ", ".join(f"('{r['platform']}', '{r['id']}', '{r['created_at']}')" for r in rows)
    sql = (
        "SELECT id FROM (SELECT platform, id, parseDateTime64BestEffort(at, 6, 'UTC') AS created_at "
        f"FROM values('platform String, id String, at String', {values})) WHERE {where} FORMAT JSONCompactEachRow"
    )
    found = [orjson.loads(line)[0] for line in bytes(chdb.query(sql).bytes()).splitlines()]
    assert sorted(found) == sorted(share.post_id for share in ring())


def test_two_groups_become_one() -> None:
    """When two groups turn out to be one, the later name is withdrawn and everything stands under the earlier."""
    p = SharingParameters()
    panes, rings, findings = CoSharePanes(p), Rings(p), list[Finding]()
    for n in range(24):
        accounts = [["a", "b", "c"], ["d", "e", "f"], ["c", "d", "x"]][n // 8]
        panes.add(wave(f"link {n}", accounts, START + n * 20 * MINUTE, SECOND))
        now = START + n * 20 * MINUTE
        rings.add(panes.advance(now))
        findings += rings.advance(Tick(now, now))
    rings.add(panes.advance(FINAL.watermark))
    findings += rings.advance(FINAL)
    (last,) = [finding for finding in findings if finding.closed]
    assert set(last.accounts.ids) == {*"abcdefx"}
    gone = {finding.alert_id for finding in findings if finding.withdrawn}
    assert gone == {finding.alert_id for finding in findings} - {last.alert_id}
    assert len(gone) == 1


def test_a_straggler_behind_the_watermark_does_no_harm() -> None:
    """Shares from before what is final, from a partition that was thought quiet, are taken as far as they can be."""
    p = SharingParameters()
    panes, rings = CoSharePanes(p), Rings(p)
    for n, share in enumerate([*ring(), *ring(kind="media")[::-1], *ring(count=5)[::-1]]):
        panes.add([share])
        rings.add(panes.advance(START + DAY))
        rings.advance(Tick(START + DAY, START + DAY + n * MINUTE))
    rings.advance(Tick(START + 9 * DAY, START + 9 * DAY))
    assert len(rings) == 0
    assert len(panes) <= 8


def test_memory_is_bounded() -> None:
    """A ring that never stops keeps a bounded number of shares and posts, and is told anew each week."""
    p = SharingParameters()
    panes, rings, most, ends = CoSharePanes(p), Rings(p), 0, list[Finding]()
    for n in range(0, 16 * 24 * 60, 15):
        now = START + n * MINUTE
        panes.add(wave(f"link {n}", ["a", "b", "c"], now, SECOND))
        rings.add(panes.advance(now))
        ends += [finding for finding in rings.advance(Tick(now, now)) if finding.closed]
        most = max(most, len(rings) + len(panes))
    assert most <= 3 * MOST_OBJECTS + 10
    assert len(ends) == 2
    for finding in ends:
        assert finding.posts.count == len(finding.evidence.ids) == MOST_POSTS
        assert finding.last_seen - finding.first_seen <= 8 * DAY


def objects(**fields: object) -> list[str]:
    """What a post shares."""
    post = Post("1", "forum", "a", START, **{"text": "", **fields})  # type: ignore[arg-type]
    return [share.object for share in shares_of(enrich(post), 30)]


def test_objects_of_a_post() -> None:
    """Links without tracking, media, sets of hashtags and words of one's own; no home pages, no single hashtags."""
    assert objects(text="voir https://www.journal.example/a?utm_source=x et https://journal.example/") == [
        "link journal.example/a"
    ]
    assert objects(text="#Un seul") == []
    assert objects(text="#Deux #un") == objects(text="#un #deux") == ["hashtags deux un"]
    assert objects(media_hashes=("ff", "ff", "0a")) == ["media ff", "media 0a"]
    own = "une phrase bien à elle que personne d'autre n'écrirait"
    assert objects(text=own) == objects(text=own.upper())
    assert len(objects(text=own)) == 1
    assert objects(text="bonne nuit") == []


def test_a_repost_shares_its_original_alone() -> None:
    """Text and links of a native repost are somebody else's."""
    text = "une phrase bien à elle, que tout le monde reprend https://journal.example/a"
    assert objects(text=text, repost_of="77") == ["repost 77"]
    assert objects(text=text, is_repost=True) == []
    assert objects(text=text, deleted=True) == []


def test_objects_of_a_post_are_bounded() -> None:
    """A post full of links counts for the first ones."""
    assert len(objects(urls=tuple(f"https://journal.example/{n}" for n in range(50)))) == MOST_OF_A_POST
