"""A line chart of shares as SVG, without a library: what a page of figures needs, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 40, 50
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


def line_chart(title: str, x_label: str, y_label: str, lines: Sequence[Line]) -> str:
    """An SVG document. Both axes run from 0 to 1; points outside are the caller's mistake.

    Raises:
        ValueError: a coordinate is not in 0..1, or there are more lines than colours.
    """
    if len(lines) > len(_COLOURS):
        raise ValueError(f"{len(lines)} lines; {len(_COLOURS)} colours are there")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_WIDTH / 2, 22, title, more=' font-size="15"'),
        _text(_WIDTH / 2, _HEIGHT - 12, x_label),
        _text(16, _HEIGHT / 2, y_label, more=f' transform="rotate(-90 16 {_HEIGHT / 2:g})"'),
    ]
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
