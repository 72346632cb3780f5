"""Takes forgotten people out of the states of steps, and out of what steps send each other.

Who is forgotten bears another name from then on, which leads nowhere; what was counted stays counted. That is the same
whether it happens before a record or after it, so it does not matter when a worker hears of it. States are graphs of
plain objects, and detectors need know nothing of this: strings are exchanged wherever they stand, on their platform
where it is known. Where it is not, an account of the same name on another platform loses its past in the detectors.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from pipeline.detect.copy_post import Candidate, CopyPost
from pipeline.detect.copy_rows import CopyRows
from pipeline.detect.fan_newcomers import Row
from pipeline.detect.finding import Finding
from pipeline.detect.sharing import REPOST
from schemas.alerts import Reason, named
from schemas.erasures import Erasure, Erasures, digest

ANY_PLATFORM = "*"
_LONGEST = 512  # characters of an id

T = TypeVar("T")

_PLAIN = (int, float, bool, bytes, type(None))


class Names:
    """Which ids are to be exchanged for what."""

    def __init__(self, erasures: Iterable[Erasure]) -> None:
        self._new: dict[str, dict[str, str]] = {}
        self._post: dict[str, dict[str, str]] = {}
        for one in erasures:
            self._new.setdefault(one.platform, {})[one.person] = one.name
            self._post.setdefault(one.platform, {}).update(dict.fromkeys(one.posts, one.name))

    @property
    def platforms(self) -> frozenset[str]:
        """Those on which somebody is forgotten."""
        return frozenset(self._new)

    def account(self, platform: str, name: str) -> str | None:
        """What an account is called from now on; None where it is not forgotten."""
        return self._new.get(platform, {}).get(digest(platform, name))

    def of(self, text: str, platform: str = ANY_PLATFORM) -> str:
        """The id of an account or a post, or what stands in its place."""
        if not 0 < len(text) <= _LONGEST:
            return text
        if text.startswith(REPOST):
            post = self.of(text[len(REPOST) :], platform)
            return text if text.endswith(post) else REPOST + post
        for one in self._new if platform == ANY_PLATFORM else (platform,):
            if one not in self._new:
                continue
            found = digest(one, text)
            if found in self._new[one]:
                return self._new[one][found]
            if found in self._post[one]:
                name = self._post[one][found]
                return f"{name}-{digest(name, text)[:12]}"  # one name for one post, whoever exchanges it
        return text


class Eraser:
    """Goes once through everything that hangs on a value. findings: ids of the alerts whose findings changed.

    What hangs on a value that names its platform, or on a key that does, is of that platform. A tuple of several
    strings names it first, as everywhere in the detectors.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._done: dict[int, tuple[Any, Any]] = {}  # the object is held, so that its address stays its own
        self.findings: set[str] = set()

    def walk(self, value: Any, platform: str = ANY_PLATFORM) -> Any:
        """The value with names exchanged: the same object where it can be changed in place, or where nothing was."""
        kind = type(value)
        if platform != ANY_PLATFORM and platform not in self._names.platforms:
            return value
        if kind is str:
            return self._names.of(value, platform)
        if kind in _PLAIN:
            return value
        known = self._done.get(id(value))
        if known is not None:
            return known[1]
        self._done[id(value)] = (value, value)  # before its parts: they may lead back to it
        new = self._parts(value, platform)
        self._done[id(value)] = (value, new)
        return new

    def _parts(self, value: Any, platform: str) -> Any:
        if isinstance(value, tuple):
            return self._tuple(value, platform)
        if isinstance(value, msgspec.Struct):
            return self._struct(value, platform)
        if isinstance(value, dict):
            self._dict(value, platform)
        elif isinstance(value, list):
            value[:] = [self.walk(one, platform) for one in value]
        elif isinstance(value, set | deque):
            new = [self.walk(one, platform) for one in value]
            value.clear()
            (value.update if isinstance(value, set) else value.extend)(new)
        elif isinstance(value, frozenset):
            return frozenset(self.walk(one, platform) for one in value)
        elif type(value).__module__.startswith(("pipeline.", "schemas.")) and not isinstance(value, type):
            self._object(value, platform)
        return value

    def _tuple(self, value: tuple[Any, ...], platform: str) -> Any:
        new = [self.walk(one, _within(value, platform)) for one in value]
        if all(a is b for a, b in zip(new, value, strict=True)):
            return value
        made = type(value)(*new) if hasattr(value, "_fields") else tuple(new)
        return made._replace(name="") if isinstance(made, Row) and made.actor != value[1] else made

    def _dict(self, value: dict[Any, Any], platform: str) -> None:
        items = [
            (self.walk(key, platform), self.walk(one, _within(key, platform))) for key, one in value.items()
        ]
        value.clear()
        for key, one in items:
            dict.__setitem__(value, key, one)

    def _object(self, value: Any, platform: str) -> None:
        if isinstance(value, CopyRows):
            value.rewrite(lambda post: self._struct(post, platform))
        for name in [*getattr(value, "__dict__", ()), *_slots(type(value))]:
            old = getattr(value, name, None)
            new = self.walk(old, platform)
            if new is not old:
                setattr(value, name, new)

    def _struct(self, value: Any, platform: str) -> Any:
        subject = value.subject if isinstance(value, Finding) else value
        platform = getattr(subject, "platform", platform)
        # Before its reasons are walked: they hold dicts, which are changed in place.
        theirs = _people(value) if isinstance(value, Finding) else set()
        changes = {}
        for name in value.__struct_fields__:
            old = getattr(value, name)
            new = self.walk(old, platform)
            if new is not old:
                changes[name] = new
        if isinstance(value, Finding):
            return self._finding(value, theirs, changes, platform)
        if not changes:
            return value
        if isinstance(value, CopyPost) and "author_id" in changes:
            changes |= {"url": "", "sample": ""}
        if isinstance(value, Candidate) and changes["post"].author_id != value.post.author_id:
            changes |= {"full": "", "bare": ""}
        return msgspec.structs.replace(value, **changes)

    def _finding(self, value: Finding, theirs: set[str], changes: dict[str, Any], platform: str) -> Finding:
        """theirs: the ids that it named."""
        new = msgspec.structs.replace(value, **changes) if changes else value
        if all(self._names.of(one, platform) == one for one in theirs):
            return new
        name = value.subject.name
        if name is not None:  # of a group it lists accounts
            name = ", ".join(self._names.of(part, platform) for part in name.split(", "))
        reasons = new.reasons
        if value.posts.ids[:1] != new.posts.ids[:1] and any("sample" in one.values for one in reasons):
            # It quotes its first post.
            reasons = tuple(Reason(one.code, without_quote(one.values)) for one in reasons)
            name = ""
        self.findings.add(value.alert_id)
        subject = msgspec.structs.replace(new.subject, name=name)
        return msgspec.structs.replace(new, subject=subject, reasons=reasons)


def _people(finding: Finding) -> set[str]:
    """Ids of accounts and posts that a finding names."""
    return {
        finding.subject.id,
        *finding.accounts.ids,
        *finding.posts.ids,
        *named(finding.reasons),
        *named(finding.ruled_out),
    }


def _within(value: Any, platform: str) -> str:
    """The platform of what hangs on a value."""
    if platform != ANY_PLATFORM or type(value) is not tuple:
        return platform
    texts = [one for one in value if type(one) is str]
    return texts[0] if len(texts) > 1 else ANY_PLATFORM


def without_quote(values: dict[str, Any]) -> dict[str, Any]:
    """The figures of a reason, without the text that it quotes."""
    return {name: "" if name == "sample" else value for name, value in values.items()}


def cleaned(message: T, erasures: Erasures) -> T:
    """What one step sends another, without people who are forgotten; its lists are changed in place."""
    new: T = Eraser(Names(erasures.known)).walk(message)
    return new


def _slots(kind: type) -> list[str]:
    return [
        name
        for parent in kind.__mro__
        for name in getattr(parent, "__slots__", ())
        if name not in ("__dict__", "__weakref__")
    ]


def forget(step: Any, erasures: Erasures) -> set[str] | None:
    """Takes out of a step whoever it has not forgotten yet, in place; the ids of the alerts whose findings changed,
    None where there was nobody to forget. The step remembers by its attribute `erased`, on disk as well."""
    done: frozenset[str] = getattr(step, "erased", frozenset())
    if erasures.marks <= done:
        return None
    eraser = Eraser(Names(one for one in erasures.known if one.mark not in done))
    eraser.walk(step)
    step.erased = done | erasures.marks
    return eraser.findings
