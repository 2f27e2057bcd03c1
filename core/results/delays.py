"""How long results take on their way to the person: what the board shows of each facility.

Only of classes A and B, and of first versions: a correction would count a person's waiting
twice. Seconds are rounded down by ``rounded``, so that a day of results is a few hundred
numbers; what is shown is at most that much too short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from math import ceil
from typing import Final, Protocol

ROUNDED_TO: Final = ((120, 1), (172_800, 60))
"""Below so many seconds to so many: two minutes to seconds, two days to minutes."""
ROUNDED_ELSE: Final = 3600


class Step(StrEnum):
    """A part of a result's way."""

    REPORTED = "reported"  # from collection until the laboratory reported it
    RELEASED = "released"  # from the report until it was stored here
    TOLD = "told"  # from then until the message to the person was sent
    WHOLE = "whole"  # from collection until it was stored here


@dataclass(frozen=True, slots=True)
class Delay:
    """How long a step took.

    Args:
        late: 95 of 100 results took no longer.
        results: How many have taken this step.
    """

    median: timedelta
    late: timedelta
    results: int


class Delays(Protocol):
    """Delays of what was stored lately."""

    def since(self, since: datetime) -> dict[str, dict[Step, Delay]]:
        """By facility, of results stored since then; a step nobody took is left out."""


def delay_of(counts: Mapping[int, int]) -> Delay:
    """The delay of a step.

    Args:
        counts: How many results took so many seconds; at least one did.
    """
    steps = sorted(counts.items())
    reached = list(accumulate(count for _, count in steps))
    return Delay(_at(50, steps, reached), _at(95, steps, reached), reached[-1])


def _at(percent: int, steps: list[tuple[int, int]], reached: list[int]) -> timedelta:
    """The nearest rank: the shortest that at least ``percent`` of all don't pass."""
    rank = ceil(reached[-1] * percent / 100)
    seconds = next(
        seconds for (seconds, _), so_far in zip(steps, reached, strict=True) if so_far >= rank
    )
    return timedelta(seconds=seconds)


def rounded(seconds: int) -> int:
    """``seconds`` as they are counted."""
    unit = next((unit for below, unit in ROUNDED_TO if seconds < below), ROUNDED_ELSE)
    return seconds - seconds % unit
