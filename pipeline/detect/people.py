"""Under which name people come in, and who does not come in any more. Every record passes here before anything is
enriched, stored or logged."""

from __future__ import annotations

import hashlib
import re
from base64 import b32encode
from typing import Any

import msgspec
import orjson

from pipeline.detect.activity import BOT_FLAGS, declared_bot
from schemas.erasures import Erasures
from schemas.records import FanCount, Follow, Post, Record, event_time
from schemas.times import Micros

PREFIX = "anon-"
_DIGITS = 26
_MADE = re.compile(rf"{PREFIX}[a-z2-7]{{{_DIGITS}}}")
_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._%-]+(?::[A-Za-z0-9._%-]+)*")


_IMPERSONAL = frozenset(
    {
        *(
            "platform",
            "created_at",
            "text",
            "lang",
            "target",
            "author_created_at",
            "author_followers",
            "is_repost",
        ),
        *(
            "urls",
            "hashtags",
            "media_hashes",
            "source",
            "deleted",
            "page_id",
            "page_name",
            "observed_at",
            "followers",
        ),
        *("following", "posts", "at", "action", "actor_created_at", "actor_followers", "actor_posts"),
    }
)


class Pseudonyms:
    """Keyed hashes instead of account ids: BLAKE2b with a key (RFC 7693), 128 bits. Who has the key can compute the
    pseudonym of an account; nobody can compute the account. The same key gives the same pseudonyms everywhere."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(key, person=b"vigie.accounts").digest()

    def of(self, platform: str, account: str) -> str:
        """`anon-` and 26 letters and digits. A pseudonym stays what it is, so refused records can be sent again."""
        if _MADE.fullmatch(account):
            return account
        content = f"{platform}\x1f{account}".encode("utf-8", "surrogatepass")
        made = hashlib.blake2b(content, key=self._key, digest_size=16).digest()
        return PREFIX + b32encode(made).decode().rstrip("=").lower()

    def record(self, record: Record) -> Record:
        """The record under its author's pseudonym. Names, addresses of posts and fields that Vigie does not know go;
        mentions are accounts, and ids of posts may hold one."""
        if isinstance(record, FanCount):
            return record
        if isinstance(record, Follow):
            actor = self.of(record.platform, record.actor_id)
            return msgspec.structs.replace(record, actor_id=actor, actor_name=None, extra=None)
        platform, author = record.platform, record.author_id
        return msgspec.structs.replace(
            record,
            id=self._post(platform, author, record.id),
            author_id=self.of(platform, author),
            author_name=None,
            url=None,
            reply_to=record.reply_to and self._post(platform, author, record.reply_to),
            repost_of=record.repost_of and self._post(platform, author, record.repost_of),
            mentions=tuple(self.of(platform, mention.lstrip("@")) for mention in record.mentions),
            extra={BOT_FLAGS[-1]: True} if declared_bot(record) else None,
        )

    def fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        """As `record`, of something that is none: of the contract's fields what is not about a person, and ids under
        their pseudonym."""
        kept = {name: value for name, value in fields.items() if name in _IMPERSONAL}
        platform = str(fields.get("platform", ""))
        author = fields.get("author_id", fields.get("actor_id"))
        for name in ("author_id", "actor_id"):
            if isinstance(fields.get(name), str | int):
                kept[name] = self.of(platform, str(fields[name]))
        for name in ("id", "reply_to", "repost_of"):
            if isinstance(fields.get(name), str | int):
                kept[name] = self._post(platform, str(author), str(fields[name]))
        return kept

    def _post(self, platform: str, author: str, post: str) -> str:
        """A post's id without the account in it: as Bluesky writes it (at://did:…/…), or with the author's own id."""
        post = _DID.sub(lambda found: self.of(platform, found[0]), post)
        if author in post and not _MADE.fullmatch(author):
            whole = rf"(?<![A-Za-z0-9]){re.escape(author)}(?![A-Za-z0-9])"
            if post != author:  # else it is a number that means nothing, or there would be nothing left of it
                post = re.sub(whole, self.of(platform, author), post)
        return post


def pseudonyms(key: bytes | None) -> Pseudonyms | None:
    """Those of a key; None where there is none."""
    return None if key is None else Pseudonyms(key)


class People:
    """What is to be done with names. Not part of a state: it is not pickled with it, least of all the key."""

    def __init__(self, pseudonyms: Pseudonyms | None = None, erasures: Erasures | None = None) -> None:
        self.pseudonyms = pseudonyms
        self.erasures = erasures if erasures is not None else Erasures()

    def __reduce__(self) -> tuple[type[People], tuple[()]]:
        return People, ()

    def admit(self, record: Record, entered: Micros = 0) -> Record | None:
        """The record as it may come in; None where its author is forgotten. `entered`: when it came into the log: a
        record that says it is of tomorrow was there before it was forgotten all the same."""
        if self.pseudonyms is not None:
            record = self.pseudonyms.record(record)
        if len(self.erasures) and not isinstance(record, FanCount):
            account = record.author_id if isinstance(record, Post) else record.actor_id
            at = event_time(record)
            if self.erasures.covers(record.platform, account, min(at, entered) if entered else at):
                return None
        return record

    def letter(self, raw: bytes) -> bytes:
        """What may be kept of a refused record: with pseudonyms, the record under one; nothing of what is no JSON
        object, as an id could stand anywhere in it."""
        if self.pseudonyms is None:
            return raw
        try:
            fields = orjson.loads(raw)
            return orjson.dumps(self.pseudonyms.fields(fields)) if isinstance(fields, dict) else b""
        except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
            return b""

    def word(self, message: str) -> str:
        """What may be said of a refused record: with pseudonyms, nothing that may show a value; code and field do."""
        return message if self.pseudonyms is None else ""
