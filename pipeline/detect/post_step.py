"""The first step: one source partition of posts. Checks, enriches, watches each account, and deals out the rest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from zlib import crc32

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.detect.account_days import AccountDays
from pipeline.detect.activity import Activity, declared_bot, stem
from pipeline.detect.author_days import AuthorWord
from pipeline.detect.authors import AuthorPace
from pipeline.detect.clock import END, Tick
from pipeline.detect.copies import Candidate, CopyPost
from pipeline.detect.elsewhere import Elsewhere, is_page
from pipeline.detect.finding import HASHTAGS_COUNTED
from pipeline.detect.intake import Counts, Intake, Raw, Refused, Taken
from pipeline.detect.messages import Shuffled
from pipeline.detect.origin import Origin
from pipeline.detect.parameters import Parameters
from pipeline.detect.people import People
from pipeline.detect.sharing import Share, shares_of
from pipeline.detect.source_counts import SourceCounts
from pipeline.text.alike import weight
from pipeline.text.enrich import Enriched, enrich
from pipeline.text.fingerprint import BANDS, fingerprints
from pipeline.text.giveaways import is_giveaway
from pipeline.text.normalise import visible
from schemas.records import Post, Record
from schemas.times import DAY, Micros

_SAMPLE = 240
_SKETCH = 4


class Posted(msgspec.Struct):
    """What a batch brought. `shuffled` has one message for each shuffle partition, at the index of that partition;
    `versions` order what is told of one post, the latest is the highest."""

    enriched: list[Enriched]
    versions: list[Micros]
    refused: list[Refused]
    counts: Counts
    shuffled: list[Shuffled]


def targets(one: Enriched) -> tuple[str, ...]:
    """Where a post counts: its target, or else its first hashtags (lower case, with the sign)."""
    if one.post.target is not None:
        return (one.post.target,)
    return tuple(dict.fromkeys(f"#{tag.lstrip('#').casefold()}" for tag in one.hashtags[:HASHTAGS_COUNTED]))


def _packed(places: npt.NDArray[np.int64]) -> bytes:
    return places.astype("<i4").tobytes()


class PostStep:
    """One source partition. `partitions` is the number of shuffle partitions."""

    def __init__(self, parameters: Parameters, source: int, partitions: int) -> None:
        self._source = source
        self._partitions = partitions
        self.log = 0  # as `Origin.log`
        self._least = parameters.copies.min_characters
        self._own = parameters.copies.short_characters
        self._lateness = parameters.lateness
        self._intake = Intake(parameters.lateness, parameters.horizon, "posts")
        self._authors = AuthorPace(parameters.authors, source)
        self._accounts = AccountDays() if parameters.weeks.enabled else None
        self._counts = SourceCounts()
        self._elsewhere = Elsewhere(round(parameters.pile_on.elsewhere_days * DAY), parameters.lateness)

    def meet(self, people: People) -> None:
        """Under which names people come in from now on; not kept with the state."""
        self._intake.people = people

    @property
    def clock(self) -> Micros:
        """The latest event time that came through."""
        return self._intake.clock

    def feed(self, batch: Sequence[Raw]) -> list[Posted]:
        """Takes a batch. More than one answer comes where a source ended within it."""
        out = []
        for taken in self._intake.take(batch):
            posts = [record for record in taken.accepted if isinstance(record, Post)]
            enriched = [enrich(post) for post in posts]
            shuffled, own = self._deal(enriched, taken)
            self._tell_authors(shuffled, own, enriched, taken)
            if taken.ended:
                self._elsewhere.clear()
            else:
                self._elsewhere.forget(taken.clock - self._lateness)
            late_ones = [enrich(record, late=True) for record in taken.late if isinstance(record, Post)]
            again = [enrich(record, late) for record, late in taken.again if isinstance(record, Post)]
            stored, versions = enriched + late_ones + again, list(chain(*taken.versions))
            out.append(Posted(stored, versions, taken.refused, taken.counts, shuffled))
        return out

    def quiet(self) -> Shuffled:
        """Nothing is waiting."""
        return Shuffled(self._source, self.clock, quiet=True, origin=self._origin(self._intake.last))

    def _origin(self, offset: int) -> Origin:
        return Origin("posts", self._source, self.log, offset)

    def _tell_authors(
        self,
        shuffled: list[Shuffled],
        own: Sequence[Activity],
        enriched: Sequence[Enriched],
        taken: Taken[Record],
    ) -> None:
        """What is new about accounts goes with the first message, each word with the offset that caused it."""
        words: list[AuthorWord] = []
        places: list[int] = []
        done = 0
        account_days = self._accounts
        if account_days is not None:
            # All at once: what follows a look that completes a day is not of that day, or it would be late.
            account_days.add(enriched)
        for look in taken.looks:
            if look.accepted > done:
                self._authors.add(own[done : look.accepted])
                done = look.accepted
            watermark = END if look.clock == END else max(0, look.clock - self._lateness)
            word = None
            if self._authors.due(watermark):
                word = self._authors.advance(Tick(look.clock, watermark))
            if account_days is not None and (accounts := account_days.take(watermark)):
                word = msgspec.structs.replace(word or AuthorWord(self._source), accounts=accounts)
            if word:
                words.append(word)
                places.append(look.offset - taken.first)
        counts = self._counts.add(post for post in taken.accepted if isinstance(post, Post))
        if counts or taken.ended:
            words.append(AuthorWord(self._source, counts=counts, reached=taken.reached))
            places.append(taken.last - taken.first)
        if taken.ended:
            self._counts = SourceCounts()
        else:
            self._counts.forget(max(0, taken.clock - self._lateness))
        if words:
            packed = _packed(np.array(places, dtype=np.int64))
            shuffled[0] = msgspec.structs.replace(shuffled[0], authors=words, authors_from=packed)

    def _deal(self, enriched: list[Enriched], taken: Taken[Record]) -> tuple[list[Shuffled], list[Activity]]:
        """Candidates go to the partitions of their band keys, activity to that of its target, shares of an object to
        that of the object."""
        rows: list[Candidate] = []
        sketched: list[int] = []
        for number, one in enumerate(enriched):
            post, forms = one.post, one.forms
            if weight(forms.full) < self._least:
                continue
            sketched.append(number)
            link = one.urls[0] if one.urls else ""
            place = CopyPost(
                post.platform,
                post.id,
                post.author_id,
                post.created_at,
                link,
                one.flags,
                "" if post.deleted else visible(post.text, _SAMPLE),
            )
            # The bare form counts only where it is long enough to be somebody's own.
            bare = forms.bare if forms.bare != forms.full and weight(forms.bare) >= self._least else ""
            rows.append(Candidate(place, one.key, forms.full, bare))
        keys, counts, looks = fingerprints([(row.full, row.bare) for row in rows])
        starts = np.cumsum(counts) - counts
        sketches: dict[int, tuple[int, ...]] = {}
        if rows:
            # A sketch is made of the form without hashtags: a hashtag feed is one because all its posts share one.
            last = starts + counts - BANDS
            few = (keys[last[:, None] + np.arange(_SKETCH)] >> np.uint64(1)).tolist()
            sketches = {
                number: tuple(few[n])
                for n, number in enumerate(sketched)
                if weight(enriched[number].forms.bare) >= self._least
            }
        own, activity, active_by = self._activity(enriched, sketches)
        shares, shared_by = self._shares(enriched)
        places = np.array(taken.offsets, dtype=np.int64) - taken.first
        copied_by = places[sketched]
        origin = self._origin(taken.last)
        wanted = np.array([not enriched[number].post.repost for number in sketched], dtype=bool)
        owner = np.repeat(np.arange(len(rows)), counts)
        part = (keys >> np.uint64(8)) % np.uint64(self._partitions)
        shuffled = []
        for k in range(self._partitions):
            mine = (part == k) & wanted[owner] if len(rows) else np.zeros(0, dtype=bool)
            number_of = (
                np.bincount(owner[mine], minlength=len(rows)) if len(rows) else np.zeros(0, dtype=np.int64)
            )
            here = np.flatnonzero(number_of)
            shuffled.append(
                Shuffled(
                    self._source,
                    taken.clock,
                    copies=[rows[n] for n in here.tolist()],
                    keys=keys[mine].astype("<u8").tobytes(),
                    counts=number_of[here].astype("<i8").tobytes(),
                    activity=activity[k],
                    shares=shares[k],
                    sketches=looks[here].tobytes(),
                    origin=origin,
                    first=taken.first,
                    copies_from=_packed(copied_by[here]),
                    activity_from=_packed(places[active_by[k]]),
                    shares_from=_packed(places[shared_by[k]]),
                )
            )
        return shuffled, own

    def _activity(
        self, enriched: list[Enriched], sketches: dict[int, tuple[int, ...]]
    ) -> tuple[list[Activity], list[list[Activity]], list[list[int]]]:
        """What the accounts did, and what is dealt to each shuffle partition, with the number of its post."""
        own: list[Activity] = []
        posts: list[list[int]] = [[] for _ in range(self._partitions)]
        dealt: list[list[Activity]] = [[] for _ in range(self._partitions)]
        for number, one in enumerate(enriched):
            post = one.post
            about = Activity(
                post.platform,
                post.author_id,
                post.created_at,
                post.author_id,
                post.id,
                post.author_created_at,
                post.reply_to is not None,
                post.repost,
                sketches.get(number, ()),  # a short text is nobody's own
                one.domain,
                declared_bot(post),
            )
            own.append(about)
            for target in targets(one):
                place = self._place(post.platform, target)
                dealt[place].append(self._on(about, target, one))
                posts[place].append(number)
        return own, dealt, posts

    def _on(self, about: Activity, target: str, one: Enriched) -> Activity:
        """What the post is on this target."""
        post = one.post
        if not is_page(target):
            return msgspec.structs.replace(about, target=target)
        return msgspec.structs.replace(
            about,
            target=target,
            author_followers=post.author_followers,
            stem=stem(post.author_name),
            others=self._elsewhere.visit(post.platform, post.author_id, target, post.created_at),
            towards=post.repost_of or post.reply_to or "",
            giveaway=post.author_id == target and is_giveaway(one.forms),
        )

    def _shares(self, enriched: list[Enriched]) -> tuple[list[list[Share]], list[list[int]]]:
        dealt: list[list[Share]] = [[] for _ in range(self._partitions)]
        posts: list[list[int]] = [[] for _ in range(self._partitions)]
        for number, one in enumerate(enriched):
            for share in shares_of(one, self._own):
                place = self._place(share.platform, share.object)
                dealt[place].append(share)
                posts[place].append(number)
        return dealt, posts

    def _place(self, platform: str, name: str) -> int:
        """The shuffle partition of a name."""
        return crc32(f"{platform}:{name}".encode("utf-8", "surrogatepass")) % self._partitions
