"""Under which names people come in: pseudonyms, and who is forgotten."""

from __future__ import annotations

import pickle
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.backtest import Backtest
from pipeline.config import Privacy
from pipeline.connect.items import Item
from pipeline.detect.intake import Intake, Raw
from pipeline.detect.parameters import Parameters
from pipeline.detect.people import PREFIX, People, Pseudonyms, pseudonyms
from pipeline.detect.post_step import PostStep
from pipeline.scenario.generate import generate
from schemas.decode import decode
from schemas.erasures import Erasure, Erasures, digest, fresh_name
from schemas.records import Follow, Post, Record, event_time, record_key, record_kind, to_dict
from schemas.times import HOUR, parse_time

KEY = b"a key of more than sixteen characters"
AT = parse_time("2026-03-02T08:00:00Z")
RECORD = {
    "id": "at://did:plc:abcd2345/app.bsky.feed.post/3k",
    "platform": "bluesky",
    "author_id": "did:plc:abcd2345",
    "author_name": "Léa Robot 🤖",
    "created_at": "2026-03-02T08:00:00Z",
    "text": "Bonjour à toutes et tous",
    "url": "https://bsky.app/profile/lea/post/3k",
    "reply_to": "at://did:plc:zyxw5432/app.bsky.feed.post/3j",
    "mentions": ["@did:plc:zyxw5432"],
    "handle": "lea.example",
}


def test_a_record_comes_in_under_a_pseudonym() -> None:
    """Neither the author's id nor another's stands anywhere; names, address and unknown fields are gone; the account
    still counts as one that says it is a bot; the same id is the same pseudonym wherever it stands."""
    post = People(Pseudonyms(KEY)).admit(decode(orjson.dumps(RECORD)))  # type: ignore[arg-type]
    assert isinstance(post, Post)
    said = orjson.dumps(to_dict(post)).decode()
    for secret in ("did:plc", "lea", "Léa", "Robot"):
        assert secret not in said
    assert post.author_id.startswith(PREFIX)
    assert post.author_id in post.id
    assert post.reply_to is not None
    assert post.mentions[0] in post.reply_to
    assert post.extra == {"author_is_bot": True}
    assert post.text == RECORD["text"]


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_pseudonyms_depend_on_key_platform_and_account(key: str, platform: str, account: str) -> None:
    """The same three give the same, another of any gives another; a pseudonym of a pseudonym is itself."""
    raw = key.encode("utf-8", "surrogatepass")
    made = Pseudonyms(raw).of(platform, account)
    assert made == Pseudonyms(raw).of(platform, account)
    assert Pseudonyms(raw).of(platform, made) == made
    others = {
        Pseudonyms(raw + b"x").of(platform, account),
        Pseudonyms(raw).of(platform + "x", account),
        Pseudonyms(raw).of(platform, account + "x"),
    }
    assert made not in others
    assert len(others) == 3


def test_neither_key_nor_list_is_in_a_state() -> None:
    """A step is written to disk; the key is not with it."""
    step = PostStep(Parameters(), 0, 1)
    step.meet(People(Pseudonyms(KEY), Erasures([_erasure("lea", AT)])))
    written = pickle.dumps(step)
    assert Pseudonyms(KEY)._key not in written
    assert digest("forum", "lea").encode() not in written


def test_findings_are_the_same_under_pseudonyms() -> None:
    """A backtest with a key finds what one without it finds, by kind and with the same numbers of accounts and posts;
    and no account of the records is named."""
    scenario = generate(20, scale=0.1)
    items = [(_item(one), event_time(one)) for one in scenario.records]
    runs = []
    for people in (None, People(Pseudonyms(KEY))):
        run = Backtest(Parameters(), people)
        run.feed(items)
        run.feed([], end=True)
        runs.append(run)
    found = [
        sorted(
            (a.kind, a.first_seen, a.accounts.count, a.posts.count, a.severity) for a in run.alerts.values()
        )
        for run in runs
    ]
    assert found[0] == found[1]
    assert len(found[0]) >= 3
    accounts = {one.author_id for one in scenario.records if isinstance(one, Post)}
    accounts |= {one.actor_id for one in scenario.records if isinstance(one, Follow)}
    named = {name for alert in runs[1].alerts.values() for name in alert.accounts.ids}
    assert named
    assert not named & accounts


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b'"lea"',
        b'["lea"]',
        b'{"author_id":"lea","platform":"forum","x":"lea"}',
        b'{"author_id":["lea"],"id":{"lea":1},"platform":"forum","author_name":"lea"}',
    ],
)
def test_a_refused_record_names_nobody(raw: bytes) -> None:
    """Of what cannot be read nothing is kept; without a key everything is."""
    assert b"lea" not in People(Pseudonyms(KEY)).letter(raw)
    assert People().letter(raw) == raw


def _item(one: Record) -> Item:
    return Item(orjson.dumps(to_dict(one)), event_time(one), record_key(one), record_kind(one), "", 0)


def _erasure(author: str, at: int, platform: str = "forum") -> Erasure:
    return Erasure(platform, digest(platform, author), at, fresh_name())


def _raw(author: str, at: int, platform: str = "forum") -> Raw:
    fields = {
        "id": f"{author}{at}",
        "platform": platform,
        "author_id": author,
        "created_at": at / 1e6,
        "text": "Oui",
    }
    return Raw(orjson.dumps(fields))


def test_who_is_forgotten_does_not_come_in() -> None:
    """What is dated up to that moment is left out and counted, on that platform alone; what comes later is news."""
    intake = Intake(HOUR, HOUR, "posts")
    intake.people = People(None, Erasures([_erasure("lea", AT)]))
    (taken,) = intake.take(
        [_raw("lea", AT), _raw("lea", AT, "twitter"), _raw("max", AT), _raw("lea", AT + 1_000_000)]
    )
    assert [(one.platform, one.author_id) for one in taken.accepted if isinstance(one, Post)] == [
        ("twitter", "lea"),
        ("forum", "max"),
        ("forum", "lea"),
    ]
    assert (taken.counts.read, taken.counts.forgotten, taken.counts.accepted) == (4, 1, 3)


def test_a_date_in_the_future_does_not_save_a_record() -> None:
    """It was in the log before."""
    people = People(None, Erasures([_erasure("lea", AT)]))
    tomorrow = decode(_raw("lea", AT + 24 * HOUR).value or b"")
    assert isinstance(tomorrow, Post)
    assert people.admit(tomorrow, AT - 1) is None
    assert people.admit(tomorrow, AT + 1) is tomorrow


def test_the_key_comes_from_environment_or_file(tmp_path: Path) -> None:
    """One of the two, long enough; what is wrong is said without showing the key."""
    file = tmp_path / "key"
    file.write_bytes(KEY + b"\n")
    from_file = pseudonyms(Privacy.model_validate({"pseudonym_key_file": file}).key())
    from_text = pseudonyms(Privacy.model_validate({"pseudonym_key": KEY.decode()}).key())
    assert from_file is not None
    assert from_text is not None
    assert from_file.of("forum", "lea") == from_text.of("forum", "lea")
    assert pseudonyms(Privacy.model_validate({}).key()) is None
    for wrong in (
        {"pseudonym_key": "short-secret"},
        {"pseudonym_key": KEY.decode(), "pseudonym_key_file": file},
        {"pseudonym_key_file": tmp_path / "none"},
    ):
        with pytest.raises(ValidationError) as problem:
            Privacy.model_validate(wrong)
        lines = [error["msg"] for error in problem.value.errors()]
        assert len(lines) == 1
        assert "short-secret" not in lines[0]
        assert KEY.decode() not in lines[0]
