"""Links: found, and written one way."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit

import tldextract

_LINK = re.compile(r"https?://[^\s<>\"'«»]+", re.IGNORECASE)
_TRACKING = re.compile(
    r"^(utm_\w+|fbclid|gclid|dclid|msclkid|igshid|mc_[ce]id|ref_src|ref_url|s_cid|xtor)$", re.IGNORECASE
)
# The list of public suffixes bundled with the package: nothing is fetched at run time.
_suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def links(text: str, declared: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The canonical links of a post: those declared with it, else those in its text, each once."""
    if not declared and "://" not in text:
        return ()
    found = declared or tuple(_LINK.findall(text))
    return tuple(dict.fromkeys(canonical(link.rstrip(".,;:!?)…")) for link in found))


_PLAIN = re.compile(r"https?://([A-Za-z0-9.-]+)(/[!-\"$->@-~]*)?", re.ASCII | re.IGNORECASE)
"""A link without port, user, query or fragment, all in ASCII: most are."""


def canonical(link: str) -> str:
    """Lower-case host without "www.", no fragment, no tracking parameters, no trailing slash; the scheme is dropped.

    What cannot be parsed comes back as it is.
    """
    plain = _PLAIN.fullmatch(link)
    if plain is None:
        return _parsed(link)
    host = plain[1].lower().removeprefix("www.")
    return host + (plain[2] or "").rstrip("/") if host else link


@lru_cache(maxsize=65536)
def _parsed(link: str) -> str:
    """`canonical`, for any link."""
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").removeprefix("www.")
        port = parts.port
    except ValueError:
        return link
    if not host:
        return link
    query = urlencode(
        [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.match(k)]
    )
    place = host if port in (None, 80, 443) else f"{host}:{port}"
    return place + parts.path.rstrip("/") + (f"?{query}" if query else "")


def domain(link: str) -> str:
    """The registered domain of a canonical link ("lemonde.fr"), or its host where there is none."""
    return _registered(link.partition("/")[0].partition(":")[0])


@lru_cache(maxsize=65536)
def _registered(host: str) -> str:
    return _suffixes(host).top_domain_under_public_suffix or host
