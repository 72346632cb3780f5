"""The benchmark's own arithmetic, and what it reads and writes."""

from __future__ import annotations

import csv
import dataclasses
import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.bench import copies, store
from tests.bench.__main__ import PERFORMANCE
from tests.bench.cookbook import recipes
from tests.bench.latency import campaign_of, quantiles
from tests.bench.live import together
from tests.bench.options import Options
from tests.bench.pacing import CAMPAIGNS, accounts, completed, items, plan
from tests.bench.page import page, rewrite, sections
from tests.bench.posts import generated
from tests.bench.processes import cpu_seconds, parse_stat, peak_bytes
from tests.bench.rivals.task import clusters, write_copies
from tests.bench.scaling_model import (
    Cost,
    alert_limit,
    cores_needed,
    counted,
    covered_hours,
    skew,
    spread_limit,
)
from tests.bench.throughput import Row, tabled
from tests.measure import ROOT

TITLES = st.text("abc d", min_size=1).map(str.strip).filter(bool)
BODIES = st.text("xyz\n", min_size=1).map(str.strip).filter(bool)
SECTIONS = st.dictionaries(TITLES, BODIES, max_size=5)


def cost(**more: Any) -> Cost:
    """Some costs."""
    return dataclasses.replace(Cost(4, 60.0, 100.0, 2.0, 40.0, 2.0, 1e3, 1.0, 1.0), **more)


@given(SECTIONS, SECTIONS)
def test_page_keeps_what_was_not_measured(standing: dict[str, str], measured: dict[str, str]) -> None:
    """Sections measured anew replace the old ones, the others stay word for word, in the order given."""
    order = sorted({*standing, *measured})
    before = page("# Head", standing, {}, order)
    after = sections(page("# Head", measured, sections(before), order))
    assert after == {**standing, **measured}
    assert list(after) == order


def test_page_drops_sections_of_the_past(tmp_path: Path) -> None:
    """A section that no part writes any more goes when the page is written."""
    file = tmp_path / "page.md"
    file.write_text("# Old\n\n## Gone\n\nold\n\n## Kept\n\nkept\n")
    rewrite(file, "# New", {"Fresh": "fresh"}, ["Fresh", "Kept"])
    assert file.read_text() == "# New\n\n## Fresh\n\nfresh\n\n## Kept\n\nkept\n"


def test_titles_of_parts_differ() -> None:
    """No part overwrites another's section."""
    titles = [title for title, _ in PERFORMANCE.values()]
    assert len(set(titles)) == len(titles)


@given(st.text(), st.integers(0, 10**9), st.integers(0, 10**9))
def test_stat_is_read_whatever_the_name(name: str, user: int, system: int) -> None:
    """The name of a process may hold brackets and blanks; user and system time are added."""
    text = f"7 ({name}) S " + " ".join("0" * 10) + f" {user} {system} 0 0"
    assert parse_stat(text, 100) == (user + system) / 100


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
def test_own_process_is_measured() -> None:
    """CPU time grows with work, and memory is there; a process that is not there has neither."""
    before = cpu_seconds(os.getpid())
    while (after := cpu_seconds(os.getpid())) == before:
        sum(range(100_000))
    assert before is not None
    assert after is not None
    assert after > before
    assert (peak_bytes(os.getpid()) or 0) > 1_000_000
    assert cpu_seconds(2**30) is None
    assert peak_bytes(2**30) is None


def test_workers_of_a_role_are_added_up() -> None:
    """detect-1 and detect-2 are detect."""
    assert together({"detect-1": 1.0, "detect-2": 2.0, "sink": 4.0}) == {"detect": 3.0, "sink": 4.0}


def test_ratios_are_to_the_first_row() -> None:
    """A row of half the speed, over fewer posts, is 0.50; its CPU time is by its own posts."""
    text = tabled([Row("core", 100, 1.0, {}), Row("other", 10, 0.2, {"detect": 0.001})])
    assert "| other | 0.50 | 50 |  | 100 |" in text


def test_cookbook_is_found() -> None:
    """Every SQL block of the cookbook is there with a sentence; Python ones are not."""
    text = (ROOT / "docs" / "cookbook.md").read_text(encoding="utf-8")
    found = recipes(text)
    assert len(found) == text.count("```sql")
    assert all(recipe.about and recipe.sql.startswith(("SELECT", "WITH")) for recipe in found)


def test_a_second_query_goes_by_the_first_sentence() -> None:
    """A block that follows another at once has its sentence; headings are none."""
    text = (
        "# T\n\n## H\n\nSay\nthis.\n\n```sql\nSELECT 1\n```\n\n```sql\nSELECT 2\n```\n\n```python\nx\n```\n"
    )
    assert recipes(text) == [("Say this.", "SELECT 1"), ("Say this.", "SELECT 2")]


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_quantiles_are_values_in_order(values: list[float]) -> None:
    """p50 <= p99 <= max, all of them occurred, and at least half and 99 % of all lie at or below."""
    half, most, greatest = quantiles(values)
    assert {half, most, greatest} <= set(values)
    assert half <= most <= greatest == max(values)
    assert 2 * sum(value <= half for value in values) >= len(values)
    assert 100 * sum(value <= most for value in values) >= 99 * len(values)


def test_no_values_have_no_quantiles() -> None:
    """Nothing measured is an error, not a zero."""
    with pytest.raises(ValueError, match="no values"):
        quantiles([])


def test_plan_is_in_order_and_campaigns_are_whole() -> None:
    """Posts are in order of time, ids differ, each campaign has its copies and ends when it is said to."""
    planned = plan(50, 4.0, "t", ["one", "two", "three", "four", "five"])
    assert [one.offset for one in planned] == sorted(one.offset for one in planned)
    assert len({one.name for one in planned}) == len(planned) == 200 + CAMPAIGNS * accounts()
    for campaign in range(CAMPAIGNS):
        members = [one for one in planned if one.campaign == campaign]
        assert len({one.author for one in members}) == accounts()
        assert len({one.text for one in members}) == 1
        assert members[-1].offset == pytest.approx(completed(4.0, campaign))
        assert campaign_of([one.name for one in members], "t") == campaign
    assert campaign_of(["t-17", "other-c1-p1"], "t") is None
    assert [item.at for item in items(planned[:2], 1_000_000)] == [
        1_000_000 + round(one.offset * 1e6) for one in planned[:2]
    ]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20))))
def test_clusters_are_the_components(pairs: list[tuple[int, int]]) -> None:
    """Both posts of a pair stand in one cluster, no post in two, and nothing else is joined."""
    named = [(str(a), str(b)) for a, b in pairs]
    found = list(clusters(named))
    home = {name: number for number, ids in enumerate(found) for name in ids}
    assert sum(map(len, found)) == len(home) == len({name for pair in named for name in pair})
    assert all(home[a] == home[b] for a, b in named)
    for ids in found:  # spreading from any member reaches all of the cluster
        reached = {ids[0]}
        while grown := {x for a, b in named for x in (a, b) if {a, b} & reached} - reached:
            reached |= grown
        assert reached == set(ids)


def test_pairs_within_a_time(tmp_path: Path) -> None:
    """Only pairs so close in time stay."""
    times = {"a": "00:00:00", "b": "00:30:00", "c": "02:00:00"}
    posts = tmp_path / "posts.jsonl"
    posts.write_bytes(
        b"".join(orjson.dumps({"id": k, "created_at": f"2026-01-01T{t}Z"}) + b"\n" for k, t in times.items())
    )
    pairs, near = tmp_path / "pairs.csv", tmp_path / "near.csv"
    pairs.write_text("id_a,id_b,ratio\na,b,90\na,c,91\n")
    copies.within(pairs, posts, 3600.0, near)
    assert list(csv.reader(near.open())) == [["id_a", "id_b", "ratio"], ["a", "b", "90"]]


def test_copies_are_of_several_authors(tmp_path: Path) -> None:
    """A cluster that one author makes alone is left out, as in Vigie's own file."""
    authors = {"a": "x", "b": "y", "c": "z", "d": "z"}
    write_copies(tmp_path / "copies.jsonl", [("a", "b"), ("c", "d")], authors)
    lines = (tmp_path / "copies.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["post_ids"] for line in lines] == [["a", "b"]]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=50))
def test_skew_lies_between_even_and_all_in_one(counts: list[int]) -> None:
    """1 where all are alike, the number of partitions where one has everything."""
    assume(sum(counts))
    assert 1.0 <= skew(counts) <= len(counts)
    assert skew([counts[0] + 1] * 7) == 1.0
    assert skew([0, 0, 5]) == 3.0
    assert skew(counted([2, 2, 2], 3)) == 3.0
    assert skew([0, 0]) == 1.0


@given(st.integers(1, 500), st.floats(1.0, 20.0))
def test_uneven_partitions_cost_speed(cores: int, uneven: float) -> None:
    """More cores detect more, an uneven split less, and what a rate needs is what that many cores do."""
    even = cost()
    assert spread_limit(even, cores + 1) > spread_limit(even, cores)
    assert spread_limit(cost(shuffle_skew=uneven), cores) <= spread_limit(even, cores)
    assert cores_needed(spread_limit(even, cores), even.spread) == pytest.approx(cores)


def test_limits_by_hand() -> None:
    """One place at 2 µs a post takes 350,000 posts a second at 70 %; 4 partitions of 3,600 posts, of which each post
    goes to two, hold 7,200 seconds of one post a second."""
    assert alert_limit(cost()) == pytest.approx(350_000.0)
    assert covered_hours(cost(), 3_600, 1.0) == pytest.approx(2.0)


def test_generated_posts_are_the_same_again() -> None:
    """So many posts, the same each time."""
    first = generated(500)
    assert len(first) == 500
    assert [item.raw for item in first] == [item.raw for item in generated(500)]


def test_repeated_rows_are_other_rows_later() -> None:
    """A repetition has as many rows, ids of its own that sort together, and lies a span later."""
    made = store.unit(generated(1_500))
    for name in ("posts", "copy_members"):
        rows = made[name]
        again = store.repeated(rows, 2)
        assert again.schema.equals(rows.schema)
        assert again["id"].to_pylist() == [f"00002-{one}" for one in rows["id"].to_pylist()]
        moved = [
            b - a
            for a, b in zip(rows["created_at"].to_pylist(), again["created_at"].to_pylist(), strict=True)
        ]
        assert {delta.total_seconds() for delta in moved} <= {2 * store.SPAN / 1e6}
    assert sum(piece.num_rows for piece in store.pieces(made["posts"])) == 1_500


def test_quick_is_small() -> None:
    """A quick run takes little of everything."""
    quick, full = Options(quick=True), Options()
    assert quick.count < full.count
    assert quick.rows < full.rows < Options(large=True).rows
    assert max(quick.copy_sizes) < max(full.copy_sizes)
