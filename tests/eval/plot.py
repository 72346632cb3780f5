"""Line charts of shares and heat maps of counts as SVG, without a library: what a page of figures needs, and nothing
else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from math import log
from typing import NamedTuple

_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 40, 50
_SHADES = ("#d4e6f4", "#9cc5e3", "#5a9bca", "#2b6ca3", "#123f6b", "#c8553d")
"""From few to many; the last stands out."""
_COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#7d5ba6")


class Line(NamedTuple):
    """A named line; both coordinates are shares of 1. `bars`: for each point from where to where it may as well lie."""

    name: str
    points: Sequence[tuple[float, float]]
    bars: Sequence[tuple[float, float]] = ()


def _x(share: float) -> float:
    return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(share: float) -> float:
    return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)


def _text(x: float, y: float, text: str, anchor: str = "middle", more: str = "") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{more}>{escape(text)}</text>'


def _frame(title: str, x_label: str, y_label: str) -> list[str]:
    """The head of the document, with title and axes named."""
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_WIDTH / 2, 22, title, more=' font-size="15"'),
        _text(_WIDTH / 2, _HEIGHT - 12, x_label),
        _text(16, _HEIGHT / 2, y_label, more=f' transform="rotate(-90 16 {_HEIGHT / 2:g})"'),
    ]


def line_chart(title: str, x_label: str, y_label: str, lines: Sequence[Line]) -> str:
    """An SVG document. Both axes run from 0 to 1; points outside are the caller's mistake.

    Raises:
        ValueError: a coordinate is not in 0..1, or there are more lines than colours.
    """
    if len(lines) > len(_COLOURS):
        raise ValueError(f"{len(lines)} lines; {len(_COLOURS)} colours are there")
    parts = _frame(title, x_label, y_label)
    for step in range(6):
        share = step / 5
        parts.append(
            f'<path d="M{_x(0)} {_y(share)}H{_x(1)}M{_x(share)} {_y(0)}V{_y(1)}" stroke="#ddd" fill="none"/>'
        )
        parts.append(_text(_x(share), _y(0) + 18, f"{share:.1f}"))
        parts.append(_text(_x(0) - 8, _y(share) + 4, f"{share:.1f}", "end"))
    for number, (line, colour) in enumerate(zip(lines, _COLOURS, strict=False)):
        for point in line.points:
            if not all(0 <= share <= 1 for share in point):
                raise ValueError(f"{line.name}: {point} does not lie in 0..1")
        parts += [
            f'<path d="M{_x(x)} {_y(low)}V{_y(high)}" stroke="{colour}" stroke-opacity="0.6" fill="none"/>'
            for (x, _), (low, high) in zip(line.points, line.bars, strict=False)
        ]
        path = " ".join(f"{_x(x)},{_y(y)}" for x, y in line.points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{_x(x)}" cy="{_y(y)}" r="3" fill="{colour}"/>' for x, y in line.points]
        parts.append(_text(_x(0) + 12, _y(0) - 12 - 16 * number, line.name, "start", f' fill="{colour}"'))
    return "\n".join([*parts, "</svg>", ""])


def heat_map(
    title: str,
    x_label: str,
    y_label: str,
    size: tuple[int, int],
    cells: Mapping[tuple[int, int], int],
    x_ticks: Sequence[tuple[float, str]],
    y_ticks: Sequence[tuple[float, str]],
) -> str:
    """An SVG document. size: cells across and up; cells: (across, up) -> count, from below left, coloured by the
    logarithm of the count; ticks: (share of the axis, label).

    Raises:
        ValueError: a cell lies outside.
    """
    across, up = size
    if any(not (0 <= x < across and 0 <= y < up) for x, y in cells):
        raise ValueError(f"a cell does not lie in {across} x {up}")
    most = max(cells.values(), default=1)
    strokes: defaultdict[int, list[str]] = defaultdict(list)
    for (x, y), count in sorted(cells.items()):
        shade = min(len(_SHADES) - 1, int(len(_SHADES) * log(count) / log(most))) if most > 1 else 0
        strokes[shade].append(f"M{x} {up - 1 - y}h1v1h-1z")
    parts = _frame(title, x_label, y_label)
    scale = f"{(_x(1) - _x(0)) / across:.4f} {(_y(0) - _y(1)) / up:.4f}"
    parts.append(f'<g transform="translate({_x(0)} {_y(1)}) scale({scale})">')
    parts += [f'<path d="{"".join(strokes[shade])}" fill="{_SHADES[shade]}"/>' for shade in sorted(strokes)]
    parts.append("</g>")
    parts += [_text(_x(share), _y(0) + 18, label) for share, label in x_ticks]
    parts += [_text(_x(0) - 8, _y(share) + 4, label, "end") for share, label in y_ticks]
    for shade, colour in enumerate(_SHADES):
        least = max(1, round(most ** (shade / len(_SHADES))))
        parts.append(
            f'<rect x="{_x(0) + 12}" y="{_y(1) + 10 + 14 * shade}" width="10" height="10" fill="{colour}"/>'
        )
        parts.append(_text(_x(0) + 28, _y(1) + 19 + 14 * shade, f"from {least}", "start"))
    return "\n".join([*parts, "</svg>", ""])
