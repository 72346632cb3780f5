"""How newcomers arrive: what tells a moment of attention from an advertisement, when they are as varied as ever."""

from __future__ import annotations

import msgspec


class ArrivalParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hours are those of the waves of follows, from the first to the last with at least `edge` of the fullest one's
    newcomers beyond the usual.

    edge: a share of 1; hours with less before and after are left out.
    min_hours: shorter waves say nothing about how they fade.
    even_hours: an advertisement runs at least so many hours.
    fading: share of the newcomers beyond the usual in the first half of the hours, from which on it fades as news does.
    even: the same share between these bounds is an even arrival, as of a paid display.
    """

    edge: float = 0.1
    min_hours: int = 6
    even_hours: int = 12
    fading: float = 0.65
    even: tuple[float, float] = (0.38, 0.62)
