"""GraphML, as Gephi, yEd and networkx read it: http://graphml.graphdrawing.org/specification.html"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from pipeline.export.clean import clean
from pipeline.export.graph import Account, Graph, Key, Link, Thing
from pipeline.export.words import counted, label
from schemas.times import SECOND, format_time

Value = str | int | float | bool | None

_NODE = {
    "label": "string",
    "kind": "string",
    "platform": "string",
    "account": "string",
    "name": "string",
    "created_at": "string",
    "followers": "long",
    "records": "long",
    "listed": "boolean",
    "marks": "string",
}
_EDGE = {
    "weight": "double",
    "kind": "string",
    "commun": "string",
    "common": "string",
    "closest_seconds": "double",
    "evidence": "double",
    "example": "string",
    "post_a": "string",
    "post_b": "string",
}
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
"""


def write(out: TextIO, graph: Graph, labels: Mapping[Thing, str]) -> None:
    """The graph, undirected. Nodes: accounts (kind `account`) and hubs (their kind of thing)."""
    out.write(_HEAD)
    for which, names in (("node", _NODE), ("edge", _EDGE)):
        for name, kind in names.items():
            out.write(f'<key id="{which}_{name}" for="{which}" attr.name="{name}" attr.type="{kind}"/>\n')
    out.write('<graph id="alert" edgedefault="undirected">\n')
    places = {key: f"a{n}" for n, key in enumerate(sorted(graph.accounts))}
    for key, place in places.items():
        _element(out, f"node id={quoteattr(place)}", _account(key, graph.accounts[key]))
    for n, hub in enumerate(graph.hubs):
        _element(
            out,
            f'node id="t{n}"',
            {"label": labels.get(hub.thing, hub.thing.name), "kind": hub.thing.kind},
        )
    for (a, b), link in graph.links.items():
        _element(out, f'edge source="{places[a]}" target="{places[b]}"', _link(link, labels))
    for n, hub in enumerate(graph.hubs):
        for key, count in hub.uses.items():
            tie: dict[str, Value] = {"weight": float(count), "kind": hub.thing.kind}
            _element(out, f'edge source="{places[key]}" target="t{n}"', tie)
    out.write("</graph>\n</graphml>\n")


def _account(key: Key, account: Account) -> dict[str, Value]:
    return {
        "label": label(key, account),
        "kind": "account",
        "platform": key[0],
        "account": key[1],
        "name": account.name,
        "created_at": None if account.created is None else format_time(account.created),
        "followers": account.followers,
        "records": account.records,
        "listed": account.listed,
        "marks": " ".join(account.marks),
    }


def _link(link: Link, labels: Mapping[Thing, str]) -> dict[str, Value]:
    first = link.examples[0]
    fr, en = counted(link.counts)
    return {
        "weight": float(link.weight),
        "kind": " ".join(sorted(link.counts)),
        "commun": fr,
        "common": en,
        "closest_seconds": None if link.closest is None else link.closest / SECOND,
        "evidence": link.evidence,
        "example": labels.get(first.thing, first.thing.name),
        "post_a": first.posts[0],
        "post_b": first.posts[1],
    }


def _element(out: TextIO, tag: str, values: Mapping[str, Value]) -> None:
    name = tag.partition(" ")[0]
    out.write(f"<{tag}>")
    for key, value in values.items():
        if value is None or value == "":
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value)
        out.write(f'<data key="{name}_{key}">{escape(clean(text))}</data>')
    out.write(f"</{name}>\n")
