"""Frames of Bluesky's Jetstream, versions 1 and 2, as records. Pure.

Version 1 is `/subscribe` (one JSON object an event, cursor in microseconds); version 2 is
`/xrpc/network.bsky.jetstream.subscribeEvents` (a message envelope, a sequence number as cursor).

A record's event time is the client's `createdAt` only where the server's own time makes it credible: clients
set it as they like, and one date in the future would make everything after it late. A `createdAt` that cannot
be read, lies after the server's time or more than a day before it gives way to the server's time; where the
two are more than a minute apart, the client's word is kept in `client_created_at`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import orjson

from schemas.decode import Refusal, from_dict
from schemas.records import FanCount, Follow, Kind, Post
from schemas.times import DAY, EARLIEST, LATEST, MINUTE, Micros, format_time, parse_time

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"
LIKE = "app.bsky.feed.like"
FOLLOW = "app.bsky.graph.follow"
COLLECTIONS = (POST, REPOST, LIKE, FOLLOW)
"""What is subscribed to."""

_V2 = "network.bsky.jetstream.subscribeEvents#"
_OPERATIONS = ("create", "update", "delete")


class Deleted(msgspec.Struct, frozen=True):
    """A record was taken back. The frame says which, not what it was: no Vigie record can be made of it."""

    uri: str


class Ignored(msgspec.Struct, frozen=True):
    """An event that is none of ours: `what` is its kind or collection."""

    what: str


class Notice(msgspec.Struct, frozen=True):
    """A word of the server about the stream. fatal: the connection ends with it (`ConsumerTooSlow`)."""

    name: str
    message: str
    fatal: bool


class Parsed(msgspec.Struct, frozen=True):
    """One frame.

    outcome: what it says. cursor: where to go on from, inclusive (v1: microseconds, v2: sequence number of
    this host), None when the frame has none. at: the server's time, which other hosts understand too.
    identity: the same event has the same one on every host; None when it is no event.
    """

    outcome: Post | Follow | Deleted | Ignored | Notice | Refusal
    cursor: int | None = None
    at: Micros | None = None
    identity: str | None = None


class _Malformed(Exception):
    pass


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if type(value) is not str or not value:
        raise _Malformed(name)
    return value


def _number(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    if type(value) is not int or value < 0:
        raise _Malformed(name)
    return value


def _object(value: object) -> Mapping[str, Any]:
    """The object, or an empty one in its place: what hangs below it is then absent."""
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (element for element in value if isinstance(element, dict))


def did_of(uri: object) -> str | None:
    """The account in `at://did/collection/rkey`, or a bare DID; None for anything else."""
    if type(uri) is not str:
        return None
    did = uri[5:].partition("/")[0] if uri.startswith("at://") else uri
    return did if did.startswith("did:") else None


def event_time(created_at: object, server: Micros) -> Micros:
    """The client's time where it is credible (see above), else the server's."""
    try:
        client = parse_time(created_at)
    except (ValueError, OverflowError):
        return server
    return client if server - DAY <= client <= server else server


def _features(record: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(kind, feature) of the facets. Their range counts UTF-8 bytes of the text; one that lies outside it or
    cuts a character in two is not shown by any client, and is left out here as well."""
    text = record.get("text")
    encoded = text.encode() if type(text) is str else b""
    for facet in _objects(record.get("facets")):
        index = _object(facet.get("index"))
        start, stop = index.get("byteStart"), index.get("byteEnd")
        if type(start) is not int or type(stop) is not int or not 0 <= start < stop <= len(encoded):
            continue
        try:
            encoded[start:stop].decode()
        except UnicodeDecodeError:
            continue
        for feature in _objects(facet.get("features")):
            yield str(feature.get("$type", "")).rpartition("#")[2], feature


def _unique(values: list[object]) -> list[str]:
    return list(dict.fromkeys(value for value in values if type(value) is str and value))


def _post(did: str, uri: str, rkey: str, record: Mapping[str, Any]) -> dict[str, Any]:
    urls: list[object] = []
    tags: list[object] = []
    mentions: list[object] = []
    for kind, feature in _features(record):
        if kind == "link":
            urls.append(feature.get("uri"))
        elif kind == "tag":
            tags.append(feature.get("tag"))
        elif kind == "mention":
            mentions.append(feature.get("did"))
    embed = _object(record.get("embed"))
    media = _object(embed.get("media")) or embed  # with a quotation, what is attached lies one level deeper
    urls.append(_object(media.get("external")).get("uri"))
    blobs = [_object(image.get("image")) for image in _objects(media.get("images"))]
    blobs.append(_object(media.get("video")))
    extra_tags = record.get("tags")
    langs = record.get("langs")
    languages = [lang for lang in langs if type(lang) is str] if isinstance(langs, list) else []
    reply = _object(record.get("reply"))
    root = did_of(_object(reply.get("root")).get("uri"))
    return {
        "text": record.get("text"),
        "lang": languages[0] if languages else None,
        "url": f"https://bsky.app/profile/{did}/post/{rkey}",
        # A reply is written on the page of whoever began the thread; going on with one's own is not.
        "target": root if root != did else None,
        "reply_to": _object(reply.get("parent")).get("uri"),
        "urls": _unique(urls),
        "hashtags": _unique([*tags, *(extra_tags if isinstance(extra_tags, list) else [])]),
        "mentions": _unique(mentions),
        "media_hashes": _unique([_object(blob.get("ref")).get("$link") for blob in blobs]),
    }


def _commit(
    commit: Mapping[str, Any], did: str, server: Micros
) -> Post | Follow | Deleted | Ignored | Refusal:
    collection, rkey = _text(commit, "collection"), _text(commit, "rkey")
    operation = _text(commit, "operation")
    if operation not in _OPERATIONS:
        raise _Malformed("operation")
    if collection not in COLLECTIONS:
        return Ignored(collection)
    uri = f"at://{did}/{collection}/{rkey}"
    if operation == "delete":
        return Deleted(uri)
    record = commit.get("record")
    if not isinstance(record, dict):
        raise _Malformed("record")
    created = record.get("createdAt")
    at = event_time(created, server)
    fields: dict[str, Any] = {"platform": "bluesky"}
    if not _near(created, at):
        fields["client_created_at"] = created
    subject = record.get("subject")
    kind: Kind = "posts"
    if collection in (POST, REPOST):
        fields |= {"id": uri, "author_id": did, "created_at": format_time(at), "source": "jetstream"}
        if collection == POST:
            fields |= _post(did, uri, rkey, record)
        else:
            fields |= {"text": "", "is_repost": True, "repost_of": _text(_object(subject), "uri")}
    else:
        kind = "follows"
        liked = _object(subject).get("uri")
        if collection == LIKE and type(liked) is str and f"/{POST}/" not in liked:
            return Ignored("like of something else than a post")
        page = did_of(liked if collection == LIKE else subject)
        if page is None:
            raise _Malformed("subject")
        action = "like" if collection == LIKE else "follow"
        fields |= {"page_id": page, "actor_id": did, "at": format_time(at), "action": action}
        if collection == LIKE:
            fields["post_id"] = liked
    result = from_dict({name: value for name, value in fields.items() if value not in (None, [])}, kind)
    assert not isinstance(result, FanCount)
    return result


def _near(created: object, at: Micros) -> bool:
    try:
        return abs(parse_time(created) - at) <= MINUTE
    except (ValueError, OverflowError):
        return False


def _outcome(
    commit: Mapping[str, Any], did: str, server: Micros
) -> Post | Follow | Deleted | Ignored | Refusal:
    try:
        return _commit(commit, did, server)
    except _Malformed as error:
        return _refusal(error)


def _refusal(error: _Malformed) -> Refusal:
    return Refusal("wrong_value", str(error), f"{error} of the frame is missing or not as documented")


def _bounded(at: Micros) -> Micros:
    if not EARLIEST <= at < LATEST:
        raise _Malformed("time")
    return at


def _v1(data: Mapping[str, Any]) -> Parsed:
    did, at = _text(data, "did"), _bounded(_number(data, "time_us"))
    kind = _text(data, "kind")
    if kind != "commit":
        return Parsed(Ignored(kind), at, at, f"{did} {kind} {at}")
    commit = _object(data.get("commit"))
    return Parsed(_outcome(commit, did, at), at, at, _identity(did, commit))


def _v2(data: Mapping[str, Any]) -> Parsed:
    if data.get("$type") == "error":
        return Parsed(Notice(_text(data, "error"), str(data.get("message", "")), fatal=True))
    payload = _object(data.get("payload"))
    kind = _text(payload, "$type")
    if data.get("$type") != "message" or not kind.startswith(_V2):
        raise _Malformed("$type")
    kind = kind[len(_V2) :]
    if kind == "info":
        return Parsed(Notice(_text(payload, "name"), str(payload.get("message", "")), fatal=False))
    did, sequence = _text(payload, "did"), _number(payload, "seq")
    try:
        # `time` may have been set anew by the operator; `witnessedAt`, which newer servers add, never is.
        at = parse_time(payload.get("witnessedAt") or payload.get("time"))
    except (ValueError, OverflowError):
        raise _Malformed("time") from None
    if kind != "commit":
        return Parsed(Ignored(kind), sequence, at, f"{did} {kind} {sequence}")
    return Parsed(_outcome(payload, did, at), sequence, at, _identity(did, payload))


def _identity(did: str, commit: Mapping[str, Any]) -> str:
    parts = (did, commit.get("rev"), commit.get("operation"), commit.get("collection"), commit.get("rkey"))
    return " ".join(map(str, parts))


def _parse(frame: bytes, version: Callable[[Mapping[str, Any]], Parsed]) -> Parsed:
    try:
        data = orjson.loads(frame)
    except (orjson.JSONDecodeError, RecursionError) as error:
        return Parsed(Refusal("invalid_json", "", f"not JSON in UTF-8: {error}"))
    if not isinstance(data, dict):
        return Parsed(Refusal("not_an_object", "", "the frame is not a JSON object"))
    try:
        return version(data)
    except _Malformed as error:
        return Parsed(_refusal(error))


def parse_v1(frame: bytes) -> Parsed:
    """One frame of `/subscribe`. Never raises."""
    return _parse(frame, _v1)


def parse_v2(frame: bytes) -> Parsed:
    """One frame of `network.bsky.jetstream.subscribeEvents`. Never raises."""
    return _parse(frame, _v2)
