"""All parameters of the detection core, as they stand under `[detect]` in `vigie.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pipeline.detect.copy_parameters import CopyParameters
from pipeline.detect.parameters_arrivals import ArrivalParameters
from pipeline.detect.parameters_causes import CauseParameters
from pipeline.detect.parameters_fans import FanSpikeParameters
from pipeline.detect.parameters_pages import FakeFanParameters, PileOnParameters
from pipeline.detect.parameters_platform import PlatformParameters
from pipeline.detect.parameters_sharing import SharingParameters
from pipeline.detect.parameters_silence import SilenceParameters
from pipeline.detect.parameters_together import TogetherParameters
from pipeline.detect.parameters_volume import AuthorParameters, BurstParameters
from pipeline.detect.parameters_weeks import WeeksParameters
from schemas.times import DAY, HOUR, MINUTE, Micros


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """lateness_minutes: how far a record may lie behind its source's clock and still count (minutes).
    calibrated_scores: scores are told as the share of such alerts that was staged (`pipeline.detect.score`); else they
        are the detectors' own figures.
    """

    lateness_minutes: float = 15.0
    calibrated_scores: bool = True
    copies: CopyParameters = CopyParameters()
    bursts: BurstParameters = BurstParameters()
    authors: AuthorParameters = AuthorParameters()
    fans: FanSpikeParameters = FanSpikeParameters()
    arrivals: ArrivalParameters = ArrivalParameters()
    platform: PlatformParameters = PlatformParameters()
    together: TogetherParameters = TogetherParameters()
    causes: CauseParameters = CauseParameters()
    sharing: SharingParameters = SharingParameters()
    weeks: WeeksParameters = WeeksParameters()
    silence: SilenceParameters = SilenceParameters()
    pile_on: PileOnParameters = PileOnParameters()
    fake_fans: FakeFanParameters = FakeFanParameters()

    @property
    def lateness(self) -> Micros:
        """In microseconds."""
        return round(self.lateness_minutes * MINUTE)

    @property
    def horizon(self) -> Micros:
        """For how long a record is remembered so as to be called a repeat. What is older is late and counts for
        nothing; so this bounds memory, and no detector depends on it."""
        return min(round(self.copies.window_hours * HOUR), DAY) + self.lateness


def read_parameters(table: Mapping[str, Any]) -> Parameters:
    """Parameters from a table of settings.

    Raises:
        ValueError: names the field, what is there and what is allowed.
    """
    try:
        return msgspec.convert(table, Parameters)
    except msgspec.ValidationError as error:
        raise ValueError(f"settings [detect]: {error}") from None
