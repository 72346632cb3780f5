"""QUT's coordination-network-toolkit, `co_similar_tweet`: accounts that posted similar texts within an hour.

Its result is a network of accounts. What is timed is its own work, from the CSV file to that network; the posts behind
each edge are looked up afterwards, with its own similarity, so that the scorer has something to score.
"""

from __future__ import annotations

import csv
import os
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.bench.installed import use_libraries

use_libraries()

from coordination_network_toolkit.compute_networks import (  # type: ignore[import-not-found]  # noqa: E402
    compute_co_similar_tweet,
)
from coordination_network_toolkit.preprocess import (  # type: ignore[import-not-found]  # noqa: E402
    preprocess_csv_files,
)
from coordination_network_toolkit.similarity import (  # type: ignore[import-not-found]  # noqa: E402
    get_similarity_fn_from_min_size,
)

from tests.bench.rivals.task import read_posts, seconds_of, tell, write_copies  # noqa: E402

WINDOW = 3600
SIMILARITY = 0.8
same = get_similarity_fn_from_min_size(1)
"""What its command line takes by default: Jaccard similarity of the words."""
_COLUMNS = ("message_id", "user_id", "username", "repost_id", "reply_id", "message", "timestamp", "urls")


def pairs(database: Path) -> Iterator[tuple[str, str]]:
    """The posts behind each edge of the network."""
    db = sqlite3.connect(database)
    by_user: dict[str, list[tuple[str, float, str]]] = defaultdict(list)
    for user, *rest in db.execute("select user_id, message_id, timestamp, token_set from edge"):
        by_user[user].append((str(rest[0]), float(rest[1]), rest[2] or ""))
    for one, other in db.execute("select user_1, user_2 from co_similar_tweet_network where user_1 < user_2"):
        for a, at, tokens in by_user[one]:
            for b, then, words in by_user[other]:
                if abs(at - then) <= WINDOW and same(tokens, words) >= SIMILARITY:
                    yield a, b


def main(posts: Path, copies: Path) -> None:
    """Runs it in the folder of `copies`."""
    table, database = copies.with_suffix(".csv"), copies.with_suffix(".db")
    records = read_posts(posts)
    with table.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(_COLUMNS)
        for post in records:
            who = post["author_id"]
            out.writerow((post["id"], who, who, "", "", post["text"], int(seconds_of(post)), ""))
    began = time.perf_counter()
    preprocess_csv_files(str(database), [str(table)])
    compute_co_similar_tweet(
        str(database),
        WINDOW,
        n_threads=os.cpu_count() or 1,
        similarity_threshold=SIMILARITY,
        min_edge_weight=1,
        similarity_function=same,
    )
    seconds = time.perf_counter() - began
    write_copies(copies, pairs(database), {post["id"]: post["author_id"] for post in records})
    tell(seconds=seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
