"""What strangers write, on its way to people: terminal, chat, SQL, tables."""

from __future__ import annotations

import csv
import re
import tempfile
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa

from pipeline.cli.dlq import _plain
from pipeline.cli.sql import _cell
from pipeline.detect.finding import Evidence
from pipeline.explain.evidence import evidence_sql
from pipeline.explain.words import quote_en, quote_fr
from pipeline.lab.coordinated import Coordinated, ShareTable
from pipeline.lab.shares import write_pairs
from pipeline.notify.messages import safe, uncalling
from pipeline.store.guard import Allowed, Policy, check
from pipeline.store.lexer import Kind, lex
from tests.attacks.case import Case

TERMINAL = (
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07", "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "\x1b]52;c;ZWNobw==\x07", "\x9b31m",
    "\x07", "\x08\x08\x08", "\r overwritten", "\u202e desrever", "\u2066a\u2069", "\u200f", "\x00", "\x7f",
    "\u2028", "\u0085",
)  # fmt: skip
CHAT = (
    "@everyone", "@here", "<!channel>", "<!here>", "<!everyone>", "<@U0123456>", "<#C0123456>", "<@&123456>",
    "[click](http://evil)", "<http://evil|safe.example>", "<subteam^S012>", "@all",
)  # fmt: skip
QUOTES = (
    "'", "\\'", "' OR 1=1 --", "'; DROP TABLE posts; --", "\\", "\\\\'", "\n", "\x00", "`", '"', "’", "*/", "$$",
    "x' INTO OUTFILE '/tmp/x",
)  # fmt: skip


FORMULAS = (
    "=1+1", '=HYPERLINK("http://evil","click")', "=cmd|'/C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1",
    "\n=1+1", " =1+1", "\u00a0=1+1", "\ufeff=1+1", "\u200b=1+1", "\uff1d1+1", '"=1+1', "x\n=1+1",
)  # fmt: skip


def attack() -> list[Case]:
    """All of it."""
    return [_terminal(), _chat(), _evidence(), _markup(), _formulas()]


def _formulas() -> Case:
    """Pairs of accounts with such names, as `vigie lab coshare --spreadsheet` writes them."""
    names = np.zeros(len(FORMULAS), dtype=np.int64), pa.array(FORMULAS, pa.string())
    places = np.arange(len(FORMULAS), dtype=np.int64)
    link = pa.array(["link"], pa.string())
    table = ShareTable(names[0], places, names[0], places, link, names[1], link, names[0][:1] - 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.csv"
        write_pairs(path, table, Coordinated(places, places[::-1], len(places)), spreadsheet=True)
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))[1:]
    read = [cell for row in rows for cell in row[1:3]]
    formulas = [cell for cell in read if cell.strip("\ufeff\u200b \u00a0\t\r\n")[:1] in tuple("=+-@\uff1d")]
    held = not formulas and {cell.removeprefix("'") for cell in read} == set(FORMULAS)
    happened = "with `--spreadsheet` each is text; the file that programs read has them as they are"
    return Case("formulas in a CSV file", happened if held else str(formulas), held, len(FORMULAS))


def _terminal() -> Case:
    shown = [way(f"a{text}b") for text in TERMINAL for way in (safe, _cell, _plain, quote_fr, quote_en)]
    narrow = "\u202f"  # of French typography, by Vigie itself
    held = all(c.isprintable() or c in ("\n", narrow) for text in shown for c in text)
    happened = "replaced by blanks, or shown as escapes" if held else "something steers the terminal"
    return Case(
        "escape sequences, titles, clipboard, bidi overrides in a terminal", happened, held, len(TERMINAL)
    )


def _chat() -> Case:
    said = [uncalling(safe(text)) for text in CHAT]
    call = re.compile(r"@(?!\u200b)|<(?!\u200b)|\]\(")
    held = not any(call.search(text) for text in said)
    happened = "an invisible blank stands in each; nobody is called, nothing is a link" if held else str(said)
    return Case("mentions and links in a chat message", happened, held, len(CHAT))


def _evidence() -> Case:
    """An id from a record stands as one string in the query of its alert, and the query passes the filter."""
    held = True
    for text in QUOTES:
        query = evidence_sql(Evidence("posts", {"platform": text, "author_id": text}, 0, 1, (text,)))
        strings = [token for token in lex(query) if token.kind is Kind.STRING]
        held = held and len(strings) == 7 and isinstance(check(query, Policy()), Allowed)
    happened = "each is one string of the query" if held else "a string is left"
    return Case("ids that close a string in the evidence query", happened, held, len(QUOTES))


def _markup() -> Case:
    """Vigie makes no HTML: what it hands to programs is JSON, which a page may embed only as its own rules say."""
    texts = (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</script><script>",
        "&lt;",
        "\x1b[2J",
    )
    said = [uncalling(safe(text)) for text in texts]
    held = not any(re.search(r"<[a-z/!]", text) for text in said)
    held = held and all(b"\x1b" not in orjson.dumps(text) for text in texts)
    happened = "no tag is left in a message; JSON escapes control characters" if held else str(said)
    return Case("HTML in a message", happened, held, len(texts))
