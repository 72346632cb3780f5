"""Forgetting in the states of steps: names go, figures stay, and it does not matter when."""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import msgspec
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.alert_step import AlertStep
from pipeline.detect.book import AlertBook
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.detect.erase import Eraser, Names, cleaned, forget
from pipeline.detect.fan_step import FanStep
from pipeline.detect.finding import Evidence, Finding, reason
from pipeline.detect.intake import Raw
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep
from pipeline.detect.shuffle_step import ShuffleStep
from pipeline.explain.redact import redacted
from schemas.alerts import Alert, Detector, Members, Subject, encode_alert
from schemas.erasures import POSTS_EACH, Erasure, Erasures, decode, digest, encode, fresh_name, parts
from schemas.times import MINUTE, format_time, parse_time
from tests.reason_codes import named_posts

START = parse_time("2026-03-02T08:00:00Z")
LEA = "lea.the.first"
QUOTE = "Boycottons la marque Lunaria dès demain matin, faites passer ce message autour de vous"
PARAMETERS = Parameters(copies=CopyParameters(window_hours=2.0))


def erasure(author: str = LEA, platform: str = "forum", posts: tuple[str, ...] = ("p0",)) -> Erasure:
    return Erasure(
        platform, digest(platform, author), START, fresh_name(), tuple(digest(platform, p) for p in posts)
    )


class Chain:
    """All steps in a row, and the last word of every alert."""

    def __init__(self) -> None:
        self.posts = PostStep(PARAMETERS, 0, 1)
        self.fans = FanStep(PARAMETERS, 0)
        self.shuffle = ShuffleStep(PARAMETERS, 0, 1)
        self.alerts = AlertStep(PARAMETERS, 1, 1)
        self.told: dict[str, Alert] = {}

    def feed(self, raws: list[Raw]) -> None:
        for posted in self.posts.feed(raws):
            for message in posted.shuffled:
                for signal in self.shuffle.feed(message, 0.0):
                    self.keep(self.alerts.feed(signal, 0.0).alerts)

    def keep(self, alerts: Sequence[object]) -> None:
        for one in alerts:
            if isinstance(one, Alert):
                self.told[one.alert_id] = one
            else:
                self.told.pop(one.alert_id)  # type: ignore[attr-defined]

    def forget(self, erasures: Erasures) -> None:
        for step in (self.posts, self.fans, self.shuffle, self.alerts):
            changed = forget(step, erasures)
            if step is self.alerts and changed:
                self.keep([*self.alerts.again(sorted(changed), 0.0).alerts])

    def dump(self) -> bytes:
        rows = self.shuffle._copies._rows
        posts = [msgspec.json.encode(rows.posts[n]) for n in range(len(rows))]
        texts = [repr(rows.texts[n]).encode() for n in range(len(rows))]
        return b"".join([*(pickle.dumps(s) for s in (self.posts, self.shuffle, self.alerts)), *posts, *texts])


def post(number: int, author: str, platform: str = "forum", text: str = QUOTE) -> Raw:
    fields = {
        "id": f"p{number}",
        "platform": platform,
        "author_id": author,
        "author_name": "Léa",
        "created_at": (START + number * MINUTE) / 1e6,
        "text": text,
        "target": "lunaria",
    }
    return Raw(orjson.dumps(fields))


RECORDS = [post(n, LEA if n == 0 else f"compte{n}") for n in range(12)]


@given(st.integers(1, 12), st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_the_moment_makes_no_difference(first: int, second: int) -> None:
    """Whenever a worker hears of it, between whichever records, and also if the state was written and read in between:
    the last words are the same, with the same figures, and nobody of that name."""
    one = erasure()
    found = []
    for moment in (first, second):
        chain = Chain()
        chain.feed(RECORDS[:moment])
        chain.forget(Erasures([one]))
        assert LEA.encode() not in chain.dump()
        chain.shuffle = pickle.loads(pickle.dumps(chain.shuffle))
        assert forget(chain.shuffle, Erasures([one])) is None
        chain.feed(RECORDS[moment:])
        chain.feed([Raw(None, end=True)])
        found.append(sorted(map(_plain, chain.told.values())))
    whole = Chain()
    whole.feed([*RECORDS, Raw(None, end=True)])
    (kept,) = whole.told.values()
    assert found[0] == found[1]
    (said,) = (orjson.loads(raw) for raw in found[0])
    assert (said["accounts"]["count"], said["posts"]["count"]) == (kept.accounts.count, kept.posts.count)
    assert LEA not in repr(said)
    assert "p0" not in said["posts"]["ids"]
    assert said["accounts"]["ids"][0] == one.name


def _plain(alert: Alert) -> bytes:
    return encode_alert(msgspec.structs.replace(alert, revision=0))


def test_an_account_of_that_name_elsewhere_keeps_its_own() -> None:
    """Where a value names its platform, or hangs on a key that does."""
    chain = Chain()
    chain.feed([post(n, LEA if n == 0 else f"compte{n}", "twitter") for n in range(12)])
    before = chain.told
    chain.forget(Erasures([erasure()]))
    chain.feed([Raw(None, end=True)])
    (alert,) = chain.told.values()
    assert LEA in alert.accounts.ids
    assert before


def test_what_packed_blocks_hold_goes_too() -> None:
    """Thousands of texts later the post is packed away; its text is forgotten and it is linked under the new name."""
    chain = Chain()
    chain.feed(RECORDS[:1])
    filler = [
        post(1, f"x{n}", text=f"{n * 7919} autre texte {n * 104729} sans rapport {n * 1299709}")
        for n in range(6000)
    ]
    for n, raw in enumerate(filler):
        fields = orjson.loads(raw.value or b"")
        filler[n] = Raw(orjson.dumps({**fields, "id": f"f{n}"}))
    chain.feed(filler)
    assert chain.shuffle._copies._rows.posts._blocks
    assert LEA.encode() in chain.dump()
    one = erasure()
    chain.forget(Erasures([one]))
    assert LEA.encode() not in chain.dump()
    assert b"lunaria d" not in chain.dump()
    chain.feed([*RECORDS[1:], Raw(None, end=True)])
    (alert,) = (alert for alert in chain.told.values() if "compte1" in alert.accounts.ids)
    assert one.name in alert.accounts.ids
    assert alert.accounts.count == 12


def test_messages_between_steps_are_cleaned() -> None:
    """What lies on the internal topics still names the person; who reads it does not take that in."""
    step = PostStep(PARAMETERS, 0, 1)
    (posted,) = step.feed(RECORDS)
    (message,) = posted.shuffled
    assert LEA in repr(message)
    count = len(message.copies)
    clean = cleaned(message, Erasures([erasure()]))
    assert LEA not in repr(clean)
    assert len(clean.copies) == count == 12
    assert cleaned(clean, Erasures([erasure("somebody else", posts=())])) == clean


def test_told_alerts_are_rewritten() -> None:
    """Ids, evidence and summary; the quote only where it was the person's own. A second time changes nothing."""
    chain = Chain()
    chain.feed([*RECORDS, Raw(None, end=True)])
    (alert,) = chain.told.values()
    assert QUOTE[:40] in alert.summary.fr
    theirs = redacted(alert, Names([erasure()]))
    assert QUOTE[:40] not in theirs.summary.fr
    assert "(supprimé depuis)" in theirs.summary.fr
    assert theirs.accounts.count == alert.accounts.count
    assert redacted(theirs, Names([erasure()])) == theirs
    other = redacted(alert, Names([erasure("compte3", posts=("p3",))]))
    assert QUOTE[:40] in other.summary.fr
    assert "compte3" not in repr(other)
    assert redacted(alert, Names([erasure(platform="twitter")])) is alert


def test_accounts_that_a_reason_names_go_too() -> None:
    """Of a large ring an alert lists a hundred accounts; the others, and those of before, stand in reasons alone."""
    link = {"account": "a3", "evidence": 4.2, "common": ["word:Lunaria"]}
    ring = Finding(
        alert_id="ring",
        kind="coordinated_accounts",
        severity="error",
        score=0.9,
        subject=Subject("*", "group"),
        first_seen=START,
        last_seen=START,
        start=START,
        end=START,
        accounts=Members(3, ("a1",)),
        posts=Members(1, ("p1",)),
        observed=3.0,
        expected=0.1,
        reasons=(
            reason("weak_links", pairs=1, of=3, accounts=3, days=5, platforms={"forum": 3}),
            reason("account_links", links=[
                {"platform": "forum", "account": "a2", "signs": ["created_together"], "common": [], "links": [link]},
            ]),
            reason("former_accounts", accounts=1, listed=[
                {"platform": "forum", "account": "a4", "last": "2026-03-01"},
            ]),
        ),
        ruled_out=(),
        evidence=Evidence("posts", {}, START, START, people=tuple(("forum", f"a{n}") for n in (1, 2, 3))),
        detector=Detector("ring_weeks", "1", {}),
    )  # fmt: skip
    for gone in ("a2", "a3", "a4"):
        book = AlertBook()
        (alert,) = book.apply([ring])
        assert isinstance(alert, Alert)
        names = Names([erasure(author=gone)])
        clean = redacted(alert, names)
        eraser = Eraser(names)
        eraser.walk(book)
        assert eraser.findings == {"ring"}
        (told,) = book.again(["ring"])
        for one in (told, clean):
            assert f'"{gone}"' not in encode_alert(one).decode()
            assert f"'{gone}'" not in one.evidence_sql
            assert '"a1"' in encode_alert(one).decode()


def test_posts_that_a_reason_names_go_too() -> None:
    """A rise of fans names what may have brought them; with its author the post goes from findings and from alerts."""
    rise = Finding(
        alert_id="rise",
        kind="fan_spike",
        severity="info",
        score=0.5,
        subject=Subject("forum", "page"),
        first_seen=START,
        last_seen=START,
        start=START,
        end=START,
        accounts=Members(0),
        posts=Members(0),
        observed=40.0,
        expected=2.0,
        reasons=(
            reason("answered_post", post_ids=["p0"], responses=12, at=format_time(START), by_page=False),
        ),
        ruled_out=(),
        evidence=Evidence("follows", {}, START, START),
        detector=Detector("fan_spike", "4", {}),
    )
    book = AlertBook()
    (alert,) = book.apply([rise])
    assert isinstance(alert, Alert)
    names = Names([erasure(posts=("p0",))])
    clean = redacted(
        alert, names
    )  # as the store has it, before the finding it was made of is changed in place
    eraser = Eraser(names)
    eraser.walk(book)
    assert eraser.findings == {"rise"}
    (told,) = book.again(["rise"])
    for one in (told, clean):
        assert named_posts(one.reasons).isdisjoint({"p0"})
        assert len(named_posts(one.reasons)) == 1
        assert "p0" not in one.summary.fr + one.summary.en
    assert named_posts(clean.reasons) == named_posts(told.reasons)


@given(st.integers(0, 2 * POSTS_EACH + 5), st.text(min_size=1), st.text(min_size=1))
@settings(max_examples=10, deadline=None)
def test_records_come_back_as_they_were(count: int, platform: str, author: str) -> None:
    """Parts fit into messages, hold all posts once, and name nobody."""
    posts = tuple(f"{n:032x}" for n in range(count))
    whole = Erasure(platform, digest(platform, author), START, fresh_name(), posts, (1 << 63,))
    found = [decode(encode(part)) for part in parts(whole)]
    assert [post for part in found for post in part.posts] == list(posts)
    assert [letter for part in found for letter in part.letters] == [1 << 63]
    assert len({part.mark for part in found}) == len(found)
    assert max(len(encode(part)) for part in found) < 8 << 20
