"""Exports: any text and any set of shares give a graph that others can read, bounded, and right where it is whole."""

from __future__ import annotations

import csv
import io
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.export import graphml, said, tables
from pipeline.export.clean import clean, file_name
from pipeline.export.gather import Gathering
from pipeline.export.graph import Graph, Key, Thing, Use, closest, join
from pipeline.formulas import plain
from pipeline.store.rows import posts_table
from schemas.alerts import Alert, Detector, Members, Reason, Subject, Summary, window
from schemas.times import HOUR, MINUTE, SECOND

SPACE = "{http://graphml.graphdrawing.org/xmlns}"
NASTY = st.text(
    st.sampled_from("\x00\x01\x08\t\n\r\x1b\x7f\x85\ufffe\uffff]>&<\"'=+-@é😀\u202e\ud800")
    | st.characters(exclude_categories=()),
    max_size=12,
)
ACCOUNTS = [("x", name) for name in "abcdefg"]
USED = st.dictionaries(
    st.builds(Thing, st.sampled_from(["link", "copy"]), st.text("xyz", min_size=1, max_size=2)),
    st.dictionaries(
        st.sampled_from(ACCOUNTS),
        st.lists(st.builds(Use, st.integers(0, 50), st.text("pq", max_size=2)), min_size=1, max_size=4),
        min_size=1,
    ),
    max_size=8,
)


def written(graph: Graph, labels: dict[Thing, str]) -> ElementTree.Element:
    """The graph as another reader of XML sees it, from bytes of UTF-8."""
    out = io.StringIO()
    graphml.write(out, graph, labels)
    return ElementTree.fromstring(out.getvalue().encode())


@given(NASTY)
def test_clean_text_is_text_for_xml(text: str) -> None:
    """Whatever was written comes back from XML and UTF-8 as `clean` gives it, and cleaning twice is cleaning once."""
    element = ElementTree.fromstring(f"<a>{escape(clean(text))}</a>".encode())
    assert (element.text or "") == clean(text)
    assert clean(clean(text)) == clean(text)
    assert len(clean(text)) <= len(text)


@given(st.lists(NASTY, min_size=2, max_size=6), NASTY)
def test_any_handle_and_thing_can_be_read(names: list[str], thing: str) -> None:
    """Hostile names, ids and things make well-formed GraphML with all of them in it."""
    found = Gathering()
    for n, name in enumerate(names):
        row = {"platform": name, "actor_id": f"{n}{name}", "at": n, "actor_name": name, "page_id": thing}
        found.follow({**row, "actor_created_at": None, "actor_followers": None})
    root = written(found.graph(), found.labels)
    nodes = [{one.attrib["key"]: one.text or "" for one in node} for node in root.iter(f"{SPACE}node")]
    ids = [node["node_account"] for node in nodes if node["node_kind"] == "account"]
    assert sorted(ids) == sorted(clean(f"{n}{name}") for n, name in enumerate(names))
    assert len(list(root.iter(f"{SPACE}edge"))) == len(names)


@given(USED)
def test_links_are_what_two_accounts_have_in_common(used: dict[Thing, dict[Key, list[Use]]]) -> None:
    """With room enough: each pair's things, its closest uses, and nothing else, by trying all pairs."""
    graph = Graph()
    join(graph, used.items())
    expected: dict[tuple[Key, Key], dict[Thing, int]] = {}
    for thing, users in used.items():
        for a, b in combinations(sorted(users), 2):
            gap = min(abs(one.at - other.at) for one in users[a] for other in users[b])
            expected.setdefault((a, b), {})[thing] = gap
    assert set(graph.links) == set(expected)
    assert not graph.hubs
    for pair, link in graph.links.items():
        assert link.weight == len(expected[pair])
        assert link.closest == min(expected[pair].values())
        for example in link.examples:
            assert example.gap == expected[pair][example.thing]


@given(USED, st.integers(0, 8), st.integers(2, 5), st.integers(0, 3))
def test_things_keep_to_their_bound(
    used: dict[Thing, dict[Key, list[Use]]], max_pairs: int, together: int, max_things: int
) -> None:
    """Of the things that make no pairs those that most accounts share are kept; what is left out is counted."""
    whole, graph = Graph(), Graph()
    join(whole, used.items(), max_pairs, together)
    join(graph, used.items(), max_pairs, together, max_things)
    assert graph.links == whole.links
    assert graph.hubs == whole.hubs[:max_things]
    assert graph.crowded + graph.left_out == whole.crowded
    sizes = [len(hub.uses) for hub in whole.hubs]
    assert sizes == sorted(sizes, reverse=True)


@given(USED, st.integers(0, 8), st.integers(2, 5))
def test_a_graph_keeps_to_its_bounds(
    used: dict[Thing, dict[Key, list[Use]]], max_pairs: int, together: int
) -> None:
    """Never more links than allowed; what made none is a hub with all its accounts: nothing is lost but pairs."""
    graph = Graph()
    join(graph, used.items(), max_pairs, together)
    assert len(graph.links) <= max_pairs
    assert graph.left_out == 0
    assert graph.crowded == len(graph.hubs)
    hubs = {hub.thing: set(hub.uses) for hub in graph.hubs}
    shared = {thing: set(users) for thing, users in used.items() if len(users) > 1}
    assert hubs.items() <= shared.items()
    pairs = {pair for thing in shared.keys() - hubs.keys() for pair in combinations(sorted(shared[thing]), 2)}
    assert set(graph.links) == pairs


USES = st.lists(st.builds(Use, st.integers(0, 30), st.text("ab", max_size=1)), min_size=1, max_size=8)


@given(USES, USES)
def test_closest_uses(a: list[Use], b: list[Use]) -> None:
    """As by trying all."""
    one, other = closest(sorted(a), sorted(b))
    assert (one in a, other in b) == (True, True)
    assert abs(one.at - other.at) == min(abs(x.at - y.at) for x in a for y in b)


@given(st.lists(NASTY, max_size=4) | NASTY)
def test_cells_are_text(value: object) -> None:
    """A cell never begins as a formula, and survives a reader of CSV."""
    text = tables.cell(value)
    assert plain(text) == text
    out = io.StringIO()
    csv.writer(out).writerow([text, "end"])
    assert next(csv.reader(io.StringIO(out.getvalue(), newline=""))) == [text, "end"]


@given(NASTY, NASTY)
def test_file_names(name: str, other: str) -> None:
    """No dots, no separators, nothing long; and other names stay other."""
    safe = file_name(name)
    assert safe == Path(safe).name
    assert len(safe) < 100
    assert all(c.isascii() and (c.isalnum() or c in "_-") for c in safe)
    assert (safe == file_name(other)) == (name == other)


@pytest.mark.parametrize("name", ["", ".", "..", "../../etc/passwd", "a/b", "a" * 500, "CON", "-rf", "a\0b"])
def test_file_names_of_paths(name: str) -> None:
    """What would lead elsewhere does not."""
    assert Path("vigie-export-" + file_name(name)).parent == Path(".")


def rows(*posts: dict[str, Any]) -> list[dict[str, Any]]:
    """Posts as they come from the store."""
    made = [
        {"platform": "x", "created_at": n * MINUTE, "text": "", "author_id": f"a{n}", "id": f"p{n}", **post}
        for n, post in enumerate(posts)
    ]
    (batch,) = posts_table(made, 0).to_batches()
    return list(tables.rows_of(batch))


def links(*posts: dict[str, Any]) -> dict[tuple[str, str], dict[str, int]]:
    """(account, account) -> kinds of what they have in common."""
    found = Gathering()
    for row in rows(*posts):
        found.post(row)
    return {(a[1], b[1]): link.counts for (a, b), link in found.graph().links.items()}


def test_what_posts_have_in_common() -> None:
    """Each sort of thing makes a link of its kind; what means nothing makes none."""
    long = "ce texte est assez long pour dire"
    assert links({"canonical_urls": ["u"]}, {"canonical_urls": ["u", "u"]}) == {("a0", "a1"): {"link": 1}}
    assert links({"media_hashes": ["m"]}, {"media_hashes": ["m"]}) == {("a0", "a1"): {"media": 1}}
    assert links({"hashtags": ["A", "b"]}, {"hashtags": ["#B", "a"]}) == {("a0", "a1"): {"hashtags": 1}}
    assert links({"hashtags": ["a"]}, {"hashtags": ["a"]}) == {}
    assert links({"norm_text": long}, {"norm_text": long}) == {("a0", "a1"): {"text": 1}}
    assert links({"norm_text": "oui"}, {"norm_text": "oui"}) == {}
    assert links({"cluster_id": "c"}, {"cluster_id": "c"}) == {("a0", "a1"): {"copy": 1}}
    assert links({"repost_of": "z"}, {"repost_of": "z"}) == {("a0", "a1"): {"repost": 1}}
    assert links({"reply_to": "z"}, {"reply_to": "z"}) == {("a0", "a1"): {"answer": 1}}
    assert links({}, {"reply_to": "p0"}) == {("a0", "a1"): {"answer_of_each_other": 1}}
    assert links({}, {"repost_of": "p0"}) == {("a0", "a1"): {"repost_of_each_other": 1}}
    assert links({}, {"mentions": ["@A0"]}) == {("a0", "a1"): {"mention": 1}}
    assert links({"author_name": "Léa"}, {"mentions": ["léa"]}) == {("a0", "a1"): {"mention": 1}}
    two = ({"author_name": "Léa"}, {"author_name": "Léa"}, {"mentions": ["léa"]})
    assert links(*two) == {}  # nobody knows which of the two is meant
    assert links({"author_id": "a"}, {"author_id": "a", "reply_to": "p0"}) == {}
    assert links({"canonical_urls": ["u"]}, {"canonical_urls": ["u"], "platform": "y"}) == {
        ("a0", "a1"): {"link": 1}
    }


def test_order_of_a_link_is_that_of_its_posts() -> None:
    """Whoever came first, each post is its account's."""
    found = Gathering()
    for row in rows({"author_id": "z"}, {"author_id": "b", "reply_to": "p0"}):
        found.post(row)
    ((pair, link),) = found.graph().links.items()
    assert pair == (("x", "b"), ("x", "z"))
    assert link.examples[0].posts == ("p1", "p0")
    assert link.closest == MINUTE


def alert(*reasons: Reason, ids: tuple[str, ...] = (), kind: Any = "coordinated_accounts") -> Alert:
    """An alert with these reasons."""
    return Alert(
        alert_id=f"{kind}-1",
        kind=kind,
        revision=1,
        status="closed",
        severity="warning",
        score=0.5,
        subject=Subject("x", "page"),
        first_seen="2026-01-01T00:00:00Z",
        last_seen="2026-01-01T00:00:00Z",
        window=window(0, 1),
        accounts=Members(len(ids), ids),
        posts=Members(0),
        observed=1.0,
        expected=0.0,
        reasons=reasons,
        ruled_out=(),
        summary=Summary("", ""),
        evidence_sql="",
        detector=Detector("d", "1", {}),
    )


def test_links_that_the_alert_tells() -> None:
    """A ring of weeks gives each account's strongest links: each once, with figure and things, on either platform."""
    told = [
        {
            "platform": "x",
            "account": "a0",
            "links": [{"account": "b", "evidence": 9.5, "common": ["link u", "tag t"]}],
        },
        {
            "platform": "y",
            "account": "b",
            "links": [{"account": "a0", "evidence": 9.5, "common": ["link u", "tag t"]}],
        },
    ]
    one = alert(Reason("account_links", {"links": told}), ids=("a0", "b", "c"))
    found = said.gathering(one)
    for row in rows({"canonical_urls": ["u"]}, {"canonical_urls": ["u"], "author_id": "b", "platform": "y"}):
        found.post(row)
    said.mark(one, found)
    graph = found.graph()
    said.add_links(one, graph, found)
    assert {key for key, account in graph.accounts.items() if account.listed} == {
        ("x", "a0"),
        ("y", "b"),
        ("x", "c"),
    }
    ((pair, link),) = graph.links.items()
    assert pair == (("x", "a0"), ("y", "b"))
    assert link.evidence == 9.5
    assert link.counts == {"link": 1, "rare": 2}


def test_accounts_that_a_reason_names() -> None:
    """By their ids, their creation date or the pattern of their names; each is marked and tied to what they share."""
    one = alert(
        Reason("common_other_page", {"page": "rival", "account_ids": ["a0", "a2"]}),
        Reason("created_together", {"start": "2020-01-01T00:00:00Z", "end": "2020-01-03T00:00:00Z"}),
        Reason("named_alike", {"pattern": "Aa_00"}),
        kind="pile_on",
    )
    found = said.gathering(one)
    posts = (
        {"author_created_at": "2020-01-01T12:00:00Z", "author_name": "Lea_42"},
        {"author_created_at": "2020-01-09T00:00:00Z", "author_name": "Tom_17"},
        {"author_created_at": "2020-01-03T00:00:00Z", "author_name": "autre"},
    )
    for row in rows(*posts):
        found.post(row)
    said.mark(one, found)
    assert {key[1]: account.marks for key, account in found.accounts.items()} == {
        "a0": ["common_other_page", "created_together", "named_alike"],
        "a1": ["named_alike"],
        "a2": ["common_other_page", "created_together"],
    }
    tied = {(hub.thing.kind, hub.thing.name): [key[1] for key in hub.uses] for hub in found.graph().hubs}
    assert tied == {
        ("created", "2020-01-01T00:00:00Z"): ["a0", "a2"],
        ("name", "Aa_00"): ["a0", "a1"],
        ("page", "page"): ["a0", "a1", "a2"],
        ("page", "rival"): ["a0", "a2"],
    }


def test_lock_step_and_numbered_names() -> None:
    """Posting within the same minutes, and names that differ in their number, count where the alert speaks of them."""
    posts = ({"author_name": "lea12"}, {"author_name": "lea34"})
    assert links(*posts) == {}
    one = alert(
        Reason("lock_step", {"accounts": 2, "minutes": 10}), Reason("sequential_names", {"accounts": 2})
    )
    found = said.gathering(one)
    for row in rows(*posts):
        found.post(row)
    (link,) = found.graph().links.values()
    assert link.counts == {"moment": 1, "name": 1}


def test_rows_keep_their_times() -> None:
    """Times come out as microseconds and are written as the contract writes them, whatever their unit."""
    for unit, factor in (("s", SECOND), ("ms", 1000), ("us", 1)):
        column = pa.array([HOUR // factor, None], pa.timestamp(unit, "UTC"))
        batch = pa.RecordBatch.from_arrays([column], ["at"])
        assert [row["at"] for row in tables.rows_of(batch)] == [HOUR, None]
