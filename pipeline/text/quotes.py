"""Words that somebody says are not theirs: quotations, lyrics, agency copy. Told by the marks that people put."""

from __future__ import annotations

import re

_ELSEWHERE = re.compile(r"https?://\S+|[#@]\w[\w.\-]*")
_LEAST = 15
_QUOTED = re.compile(
    r"""[^\w"“„«‹「『”]{0,6}["“„«‹「『”]\s?.{15,}?"""
    r"""(?:["”“»›」』][\s.!]*(?:[-–—―~(|/*]{1,2}\s*[^"“”«»]{2,60})?[^\w"]*|…|\.\.\.)""",
    re.DOTALL,
)
"""From the first mark to the last: a quotation, and after it nobody's words but the name of whose it is. It may be cut
where a sample ends."""
_MUSIC = re.compile(r"[♪♫♬♩🎵🎶🎼]|\b(?:lyrics|paroles|nowplaying|now playing)\b", re.IGNORECASE)
_CREDIT = re.compile(
    r"\(\s*(?:avec |with |source ?: ?)?(?:AFP|Reuters|AP|dpa|EFE|ANSA|Xinhua|Belga|ATS|TASS|APA|PA|Keystone-ATS|"
    r"ТАСС|РИА Новости|Интерфакс|共同|時事)\b[^)]{0,20}\)"
    r"|^\W*(?:[A-ZÉ][\w\- ]{2,30}[,:]? ?)?\(?(?:AFP|Reuters|AP|dpa|TASS|ТАСС)\)?\s*[-–—:]"
    r"|\b(?i:source|via|avec|par|agence|agency)\s?:? ?(?:l['’])?(?:AFP|Reuters|Associated Press|ТАСС|РИА Новости)\b",
)


def quotation(text: str) -> bool:
    """Whether a text is nothing but a quotation, with or without its author's name, or bears the marks of a song."""
    plain = _ELSEWHERE.sub(" ", text).strip()
    if len(plain) < _LEAST:
        return False
    return _MUSIC.search(text) is not None or _QUOTED.fullmatch(plain) is not None


def agency_credit(text: str) -> bool:
    """Whether a text names the news agency whose words it is."""
    return _CREDIT.search(text) is not None
