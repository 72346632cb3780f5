"""Dead letters are listed, shown, sent again once the fault is mended, and dropped; nothing lost, nothing repeated."""

from __future__ import annotations

import orjson
import pytest

from schemas.topics import FANS_RAW, POSTS_RAW, dead_letter_topic
from tests.integration.conftest import RunningVigie, until
from tests.integration.conftest_bad import fan, post, send, stored

pytestmark = pytest.mark.integration

ESCAPES = "\x1b]0;title\x07\x1b[31mred"
"""What a terminal would obey."""


def refuse(stack: RunningVigie, raws: list[bytes], code: str, topic: str = POSTS_RAW) -> None:
    """Puts records among the dead letters, as an earlier version's refusals."""
    for offset, raw in enumerate(raws):
        headers = [
            ("topic", topic.encode()),
            ("partition", b"0"),
            ("offset", b"%d" % (900_000 + offset)),
            ("stage", b"intake"),
            ("reason", code.encode()),
            ("message", b"a rule that is no more"),
        ]
        send(stack, dead_letter_topic(topic), [raw], headers=headers)
    count = "SELECT count() FROM letters WHERE code = {code:String}"
    assert until(lambda: stack.value(count, code=code), lambda seen: seen == len(raws)) == len(raws)


def outcomes(stack: RunningVigie, code: str) -> list[str]:
    """What became of the letters of a code, sorted."""
    rows = stack.rows("SELECT outcome FROM letters WHERE code = {code:String} ORDER BY outcome", code=code)
    return [row[0] for row in rows]


def test_replayed_once(steady: RunningVigie) -> None:
    """Of letters refused by a rule that is gone, the good ones are stored once each and marked; what is bad still stays
    open; a second replay has nothing to send, and what is sent twice all the same is stored once."""
    good = [orjson.dumps(post("dlq-replay", n)) for n in range(3)]
    counts = [orjson.dumps(fan("dlq-replay", n)) for n in range(2)]
    bad = orjson.dumps(post("dlq-replay", 9, text=7))
    refuse(steady, [*good, bad], "old-rule")
    refuse(steady, counts, "old-rule-fans", FANS_RAW)
    dry = steady.vigie("dlq", "replay", "--code", "old-rule", "--dry-run", "--json").json()
    assert dry == {"published": 3, "refused": {"wrong_type": 1}, "dry_run": True}
    assert outcomes(steady, "old-rule") == ["open"] * 4
    done = steady.vigie("dlq", "replay", "--code", "old-rule", "--json").json()
    assert done == {"published": 3, "refused": {"wrong_type": 1}, "dry_run": False}
    marked = until(lambda: outcomes(steady, "old-rule"), lambda seen: seen.count("replayed") == 3)
    assert marked == ["open", *["replayed"] * 3]
    again = steady.vigie("dlq", "replay", "--code", "old-rule", "--json").json()
    assert again == {"published": 0, "refused": {"wrong_type": 1}, "dry_run": False}
    assert steady.vigie("dlq", "replay", "--code", "old-rule-fans", "--json").json()["published"] == 2
    send(steady, POSTS_RAW, good[:1], key=b"x")  # as after a crash between sending and marking
    last = orjson.dumps(post("dlq-replay", "last"))
    send(steady, POSTS_RAW, [last], key=b"x")
    wanted = ["p0", "p1", "p2", "plast"]
    assert until(lambda: stored(steady, "dlq-replay"), lambda ids: ids == wanted) == wanted
    fans = "SELECT count() FROM fan_counts FINAL WHERE platform = 'dlq-replay'"
    assert until(lambda: steady.value(fans), lambda count: count == 2) == 2
    steady.end_streams()


def test_listed_shown_dropped(steady: RunningVigie) -> None:
    """`list` counts by reason, `show` gives the bytes without letting a terminal obey them, `drop` ends it; a letter
    that is told again stays dropped."""
    raw = orjson.dumps(post("dlq-show", 1, text=7)) + ESCAPES.encode()
    refuse(steady, [raw, b"\xff\xfe"], "ugly")
    (group,) = (
        orjson.loads(line)
        for line in steady.vigie("dlq", "list", "--code", "ugly", "--json").out.splitlines()
    )
    assert (group["letters"], group["topic"], group["message"]) == (2, POSTS_RAW, "a rule that is no more")
    shown = steady.vigie("dlq", "show", group["example"])
    assert shown.code == 0, shown.err
    assert b"today  refused: invalid_json" in shown.out
    for done in (shown, steady.vigie("dlq", "list")):
        assert not any(byte in done.out for byte in (b"\x1b", b"\x07"))
    assert steady.vigie("dlq", "drop", "--code", "ugly").out == b"2 dropped\n"
    assert until(lambda: outcomes(steady, "ugly"), lambda seen: seen == ["dropped"] * 2) == ["dropped"] * 2
    refuse(steady, [raw, b"\xff\xfe"], "ugly")
    assert outcomes(steady, "ugly") == ["dropped"] * 2
    assert steady.vigie("dlq", "list", "--code", "ugly").out == b"no open dead letters\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("replay",), 2, "say which"),
        (("drop",), 2, "say which"),
        (("list", "--outcome", "lost"), 2, "one of open, replayed, dropped"),
        (("show", "zz"), 1, "0 letters begin with 'zz'"),
    ],
)
def test_wrong_use(steady: RunningVigie, words: tuple[str, ...], code: int, said: str) -> None:
    """Nothing is sent or dropped unless somebody said which; mistakes are answered with what to do."""
    done = steady.vigie("dlq", *words)
    assert (done.code, done.out) == (code, b"")
    assert said in done.err
