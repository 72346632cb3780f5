"""datasketch: MinHash of character shingles and its LSH index, as its documentation shows it, without a time window."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.bench.installed import use_libraries

use_libraries()

from datasketch import MinHash, MinHashLSH  # type: ignore[import-not-found]  # noqa: E402

from pipeline.text.normalise import normalise  # noqa: E402
from tests.bench.rivals.task import read_posts, tell, write_copies  # noqa: E402

SHINGLE = 4
THRESHOLD = 0.6
"""Of Jaccard similarity: about what a ratio of 85 comes to."""
LEAST = 20
PERMUTATIONS = 128


def main(posts: Path, copies: Path) -> None:
    """Texts are normalised by Vigie's own code, so that the tools differ in what is compared here."""
    records = read_posts(posts)
    began = time.perf_counter()
    texts = [(post["id"], normalise(post["text"]).full) for post in records]
    texts = [(name, text) for name, text in texts if len(text) >= LEAST]
    shingles = [{text[i : i + SHINGLE].encode() for i in range(len(text) - SHINGLE + 1)} for _, text in texts]
    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    found: list[tuple[str, str]] = []
    for (name, _), sketch in zip(texts, MinHash.bulk(shingles, num_perm=PERMUTATIONS), strict=True):
        found += [(name, other) for other in index.query(sketch)]
        index.insert(name, sketch)
    seconds = time.perf_counter() - began
    write_copies(copies, found, {post["id"]: post["author_id"] for post in records})
    tell(seconds=seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
