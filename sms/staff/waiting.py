"""How long results take, as the board says it: one line a step, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from core.results.delays import Delay, Step
from sms.page import say

_UNITS = ((86_400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


@dataclass(frozen=True, slots=True)
class DelayLine:
    """One step of a facility's results, in words."""

    step: Step
    median: str
    late: str
    results: int


def lines_of(delays: Mapping[Step, Delay]) -> tuple[DelayLine, ...]:
    """The steps in the order of the way; those that nobody took are left out."""
    return tuple(
        DelayLine(step, span(delays[step].median), span(delays[step].late), delays[step].results)
        for step in Step
        if step in delays
    )


def span(time: timedelta) -> str:
    """``3 giờ 10 phút``: the largest unit and the one below it."""
    left = int(time.total_seconds())
    place = next((n for n, (size, _) in enumerate(_UNITS) if left >= size), len(_UNITS) - 1)
    said: list[str] = []
    for size, unit in _UNITS[place : place + 2]:
        number, left = divmod(left, size)
        if number or not said:
            said.append(say(f"pages.staff.span.{unit}", n=number))
    return " ".join(said)
