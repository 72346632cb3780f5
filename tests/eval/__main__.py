"""`make eval`: how right the detectors are. Writes docs/accuracy.md; fails when something is not as it should be.

    python -m tests.eval [WORD…]

measures only the sections whose titles contain one of the words and leaves the others as they stand;

    python -m tests.eval --gate

measures what needs no recorded data, writes nothing, and fails all the same: what `.ci/run` asks for.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from pipeline.backtest import Backtest, backtest
from pipeline.connect.files import read, stamp
from pipeline.demo import items
from pipeline.detect.parameters import Parameters
from pipeline.scenario.generate import generate
from pipeline.scenario.score import score
from tests.eval import calibration, false_alarms, followers, nulls, rings, rings_recorded, series, visitors
from tests.eval.evasion import good as evasion_good
from tests.eval.evasion import report as evasion_report
from tests.eval.evasion import trials, twins
from tests.measure import ROOT, machine, say, shared, table

SEEDS = 10
PERIODS = ("2015q4", "2016may_sep")


PAGE = ROOT / "docs" / "accuracy.md"
PROBLEMS: list[str] = []
"""What is not as it should be; a measurement that finds any says so here."""


def scenarios() -> str:
    """Planted against found, by operation, over the seeds."""
    found: dict[str, list[bool]] = {}
    about: dict[str, tuple[str, str]] = {}
    false_alarms = posts = 0
    for seed in range(1, SEEDS + 1):
        say(f"eval: scenario {seed} of {SEEDS}")
        scenario = generate(seed)
        run = Backtest(Parameters())
        run.feed(list(stamp(items(scenario.records))))
        run.feed([], end=True)
        posts += run.counts["posts"].read
        for row in score(scenario.truth, [msgspec.to_builtins(alert) for alert in run.alerts.values()]):
            if row.expected == "nothing":
                false_alarms += 1
                continue
            found.setdefault(row.name, []).append(row.ok)
            about[row.name] = (row.kind, row.expected)
    rows = [(name, *about[name], f"{sum(right)} of {len(right)}") for name, right in sorted(found.items())]
    text = (
        f"{SEEDS} seeds, {posts:,} posts. False alarms of severity warning or higher: {false_alarms} "
        f"({1e5 * false_alarms / posts:.2f} per 100,000 posts).\n\n"
        + table(("planted", "kind", "expected", "right"), rows)
    )
    if false_alarms * 1e5 / posts > 1.0 or any(sum(right) < 0.9 * len(right) for right in found.values()):
        PROBLEMS.append("the generated days are not as they should be")
    return text


def evasion(plots: Path) -> str:
    """Copies that were made to look different."""
    done = trials(1)
    if not evasion_good(done):
        PROBLEMS.append("salted copies are missed")
    return evasion_report(done, twins(1), plots / "evasion.svg")


def scorer(name: str, *arguments: object) -> str:
    """The last line that a shared scorer prints."""
    folder = shared()
    assert folder is not None
    script = folder.parent / "eval" / name
    done = subprocess.run(
        [sys.executable, str(script), *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1]


def near_duplicates(data: Path, out: Path) -> str:
    """Copy clusters against all pairs by brute force."""
    posts = data / "ira_tweets" / "neardup_sample.jsonl"
    backtest(read([posts]), Parameters(), out)
    return scorer(
        "neardup_score.py", posts, data / "ira_tweets" / "neardup_pairs_85.csv", out / "copies.jsonl"
    )


def campaigns(data: Path, out: Path) -> str:
    """Campaigns of the recorded operation: each must lie in one cluster that is alerted."""
    rows = []
    for period in PERIODS:
        say(f"eval: campaigns of {period}")
        backtest(read([data / "ira_tweets" / f"{period}.parquet"]), Parameters(), out)
        cluster_of: dict[str, str] = {}
        for line in (out / "copies.jsonl").open(encoding="utf-8"):
            cluster = json.loads(line)
            cluster_of.update(dict.fromkeys(cluster["post_ids"], cluster["cluster_id"]))
        severity = {
            alert["subject"]["id"]: alert["severity"]
            for alert in map(json.loads, (out / "alerts.jsonl").open(encoding="utf-8"))
            if alert["kind"] == "copy_paste"
        }
        found = alarmed = total = 0
        for row in csv.DictReader((data / "ira_tweets" / f"campaigns_{period}.csv").open(encoding="utf-8")):
            total += 1
            clusters = {cluster_of.get(post, "") for post in row["ids"].split()}
            if len(clusters) == 1 and (name := clusters.pop()) in severity:
                found += 1
                alarmed += severity[name] != "info"
        rows.append((period, total, found, alarmed))
        if found < total:
            PROBLEMS.append(f"{period}: {total - found} campaigns without an alert")
    return table(("period", "campaigns", "alerted", "of these warning or higher"), rows)


def ordinary(data: Path, out: Path) -> str:
    """Alerts of severity warning or higher on ordinary posts; those of copies are checked by brute force."""
    rows = []
    for source in false_alarms.recorded(data):
        wrong = [alarm for alarm in source.false if alarm.kind == "copy_paste"]
        if wrong:
            PROBLEMS.append(f"{source.name}: brute force does not confirm {len(wrong)} warnings of copies")
        kinds = ", ".join(sorted({alarm.kind for alarm in source.alarms})) or "none"
        rows.append((source.name, source.posts, source.alerts, len(source.alarms), kinds, len(wrong)))
    head = (
        "source",
        "posts",
        "alerts",
        "warning or higher",
        "of kind",
        "copies not confirmed by brute force",
    )
    return table(head, rows)


def fans(data: Path, out: Path) -> str:
    """Purchases injected into real follower counts."""
    rows = []
    folder = data / "followers_fr_mps"
    for seed in range(1, 6):
        say(f"eval: fan purchases, seed {seed}")
        scorer("fan_spikes.py", "make", folder / "followers.parquet", out, "--seed", seed)
        backtest(read([out / "fan_counts.jsonl"]), Parameters(), out)
        rows.append(
            (
                seed,
                scorer("fan_spikes.py", "score", out, out / "alerts.jsonl", folder / "spike_candidates.csv"),
            )
        )
    return table(("seed", "result"), rows)


def followers_of_a_page(data: Path, _: Path) -> str:
    """Cohorts of creation dates among recorded followers."""
    return followers.report(data, followers.PLOT)


def rings_over_weeks(plots: Path) -> str:
    """Rings of ordinary profiles; a few worlds are enough for the gate."""
    full = plots == PAGE.parent / "plots"
    worlds = (rings.SEEDS, rings.AROUND_SEEDS, rings.CURVE_SEEDS) if full else (3, 3, 1)
    return rings.report(plots, PROBLEMS, *worlds)


GENERATED: tuple[tuple[str, Callable[[Path], str]], ...] = (
    ("Generated days", lambda _: scenarios()),
    ("False alarms", lambda _: false_alarms.report(PROBLEMS)),
    ("Series on which nothing happens", lambda _: nulls.report(PROBLEMS)),
    ("Fake fans and pile-ons", lambda _: visitors.report(PROBLEMS, "--gate" in sys.argv[1:])),
    ("What scores mean", lambda plots: calibration.report(plots / "scores.svg", PROBLEMS)),
    ("Salted copies", evasion),
    ("Bursts in generated series", lambda _: series.generated()),
    ("Rings over weeks", rings_over_weeks),
)
SHARED: tuple[tuple[str, Callable[[Path, Path], str]], ...] = (
    ("Near-duplicates against brute force", near_duplicates),
    ("Campaigns of a recorded operation", campaigns),
    ("Rings of a recorded operation", lambda data, _: rings_recorded.report(data, PROBLEMS)),
    ("Ordinary posts", ordinary),
    ("Bought fans in real follower counts", fans),
    ("Followers of one page, in order", followers_of_a_page),
    ("Bursts in labelled series", series.recorded),
)


def standing() -> dict[str, str]:
    """The sections of the page as it stands, by title."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    pieces = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {title: body.strip() for title, body in zip(pieces[1::2], pieces[2::2], strict=True)}


def main(words: list[str]) -> None:
    """Measures, writes, judges. `words`: in the titles of the sections that are wanted; none, all."""
    gate = "--gate" in words
    words = [word for word in words if word != "--gate"]
    sections = standing() if words else {}
    data = None if gate else shared()
    if data is None and not gate:
        say("eval: no recorded data here (VIGIE_EVAL_DATA); generated posts only")

    def wanted(title: str) -> bool:
        return not words or any(word.casefold() in title.casefold() for word in words)

    for title, generated in GENERATED:
        if wanted(title):
            say(f"eval: {title}")
            with tempfile.TemporaryDirectory() as folder:
                sections[title] = generated(Path(folder) if gate else PAGE.parent / "plots")
    for title, measure in SHARED:
        if data is not None and wanted(title):
            say(f"eval: {title}")
            with tempfile.TemporaryDirectory() as folder:
                sections[title] = measure(data, Path(folder))
    if not gate:
        write(sections)
    for problem in PROBLEMS:
        say(f"eval: {problem}" + ("" if gate else "; see docs/accuracy.md"))
    if PROBLEMS:
        raise SystemExit(1)


def write(sections: dict[str, str]) -> None:
    """The page."""
    order = [title for title, _ in (*GENERATED, *SHARED) if title in sections]
    head = (
        "# Accuracy\n\nWritten by `make eval`. One set of parameters, the defaults, for everything.\n\n"
        f"Machine: {machine()}.\n"
    )
    body = [f"## {title}\n\n{sections[title]}\n" for title in order]
    PAGE.write_text("\n".join([head, *body]), encoding="utf-8")
    say("eval: written to docs/accuracy.md")


if __name__ == "__main__":
    main(sys.argv[1:])
