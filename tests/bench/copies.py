"""The copy task: near-duplicate posts of different accounts, against all pairs by brute force, beside other tools."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import orjson

from pipeline.backtest import backtest
from pipeline.connect.files import read
from pipeline.detect.parameters import Parameters
from tests.bench.installed import HERE, cache_folder, environment, libraries
from tests.bench.options import Options
from tests.measure import say, shared, table

TITLE = "Copies, beside other tools"

HOUR = 3600.0
RIVALS = (
    ("coordination-network-toolkit 1.5.2, co_similar_tweet, 1 h, 0.8", "qut"),
    ("datasketch 2.0.0, MinHash LSH, 128 permutations, 0.6", "lsh"),
)


class Result(NamedTuple):
    """A line of the table. seconds None: it was stopped at the time limit."""

    what: str
    seconds: float | None
    all_pairs: str
    hour_pairs: str


def sample(data: Path, count: int, out: Path) -> int:
    """Writes the first `count` posts that are no reposts; how many there were."""
    originals = 0
    with out.open("wb") as file:
        for item in read([data / "ira_tweets" / "2015q4.parquet"]):
            post = orjson.loads(item.raw)
            if not post.get("is_repost") and not post.get("repost_of"):
                file.write(item.raw + b"\n")
                originals += 1
                if originals == count:
                    break
    return originals


def oracle(data: Path, posts: Path, count: int) -> Path:
    """All near-duplicate pairs by brute force, which takes minutes for 80,000 posts: kept in the cache."""
    kept = cache_folder() / f"pairs-{count}.csv"
    if not kept.exists():
        say(f"bench: all pairs of {count:,} posts by brute force, once")
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(".new")
        script = data.parent / "eval" / "neardup_oracle.py"
        subprocess.run([sys.executable, str(script), str(posts), str(fresh)], check=True, capture_output=True)
        fresh.replace(kept)
    return kept


def within(pairs: Path, posts: Path, seconds: float, out: Path) -> None:
    """Those of the pairs that lie so close to each other in time."""
    at = {}
    for line in posts.open("rb"):
        post = orjson.loads(line)
        at[post["id"]] = datetime.fromisoformat(post["created_at"]).timestamp()
    with (
        pairs.open(encoding="utf-8", newline="") as file,
        out.open("w", encoding="utf-8", newline="") as kept,
    ):
        rows = csv.reader(file)
        writer = csv.writer(kept)
        writer.writerow(next(rows))
        writer.writerows(row for row in rows if abs(at[row[0]] - at[row[1]]) <= seconds)


def score(data: Path, posts: Path, pairs: Path, copies: Path) -> tuple[str, str]:
    """Recall and precision, as the shared scorer says them."""
    script = data.parent / "eval" / "neardup_score.py"
    done = subprocess.run(
        [sys.executable, str(script), str(posts), str(pairs), str(copies)],
        check=True,
        capture_output=True,
        text=True,
    )
    words = done.stdout.split()
    return words[1], words[words.index("precision") + 1]


def vigie(posts: Path, out: Path) -> float:
    """Seconds of all of detection, reading and writing included, with every detector at work."""
    began = time.perf_counter()
    backtest(read([posts], "posts"), Parameters(), out)
    return time.perf_counter() - began


def rival(script: str, posts: Path, copies: Path, folder: Path, patience: float) -> float | None:
    """Seconds of another tool, or None where it did not end in time; its processes go with it."""
    command = [sys.executable, "-m", f"tests.bench.rivals.{script}", str(posts), str(copies)]
    process = subprocess.Popen(
        command,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=False)  # the whole group: it forks
        process.communicate()
        return None
    if process.returncode:
        raise RuntimeError(
            f"{script} ended with {process.returncode}: {err.decode(errors='replace')[-2000:]}"
        )
    return float(orjson.loads(out.splitlines()[-1])["seconds"])


def measured(data: Path, count: int, patience: float, folder: Path) -> list[Result]:
    """All tools on one size."""
    posts, near = folder / "posts.jsonl", folder / "hour.csv"
    count = sample(data, count, posts)
    pairs = oracle(data, posts, count)
    within(pairs, posts, HOUR, near)
    results = []

    def add(what: str, seconds: float | None, copies: Path) -> None:
        if seconds is None:
            results.append(Result(what, None, "", ""))
            return
        recall, precision = score(data, posts, pairs, copies)
        hour = score(data, posts, near, copies)[0]
        results.append(Result(what, seconds, f"{recall} / {precision}", hour))

    say(f"bench: copies among {count:,} posts: Vigie")
    add("Vigie: backtest, all detectors", vigie(posts, folder / "out"), folder / "out" / "copies.jsonl")
    installed = libraries(HERE / "rivals" / "rivals.txt")
    for what, script in RIVALS if installed else ():
        assert installed is not None
        say(f"bench: copies among {count:,} posts: {what}")
        copies = folder / f"{script}.jsonl"
        add(what, rival(script, posts, copies, installed, patience), copies)
    return results


def tabled(results: Sequence[Result], patience: float) -> str:
    """Times against Vigie's first."""
    own = results[0].seconds or 1.0
    return table(
        ("tool", "× Vigie's time", "seconds", "recall / precision", "recall of pairs within 1 h"),
        [
            (
                result.what,
                f"> {patience / own:.1f}" if result.seconds is None else f"{result.seconds / own:.1f}",
                f"stopped after {patience:.0f}" if result.seconds is None else f"{result.seconds:.1f}",
                result.all_pairs,
                result.hour_pairs,
            )
            for result in results
        ],
    )


def section(options: Options) -> str | None:
    """Measures; the body of the section, None without the recordings."""
    data = shared()
    if data is None:
        say("bench: no recorded data here (VIGIE_EVAL_DATA); the copy task is left out")
        return None
    parts = [
        "The first posts of 2015 Q4 that are no reposts. What is to be found: pairs of posts of different accounts "
        "within a day whose normalised texts are at least 85 alike, by brute force over all pairs. Vigie's time is "
        "that of a whole backtest, reading, all other detectors and writing included, on one core; the toolkit uses "
        "all cores and looks only within an hour, hence the last column."
    ]
    for count in options.copy_sizes:
        with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
            results = measured(data, count, options.patience, Path(folder))
        parts.append(f"### {count:,} posts\n\n{tabled(results, options.patience)}")
    return "\n\n".join(parts)
