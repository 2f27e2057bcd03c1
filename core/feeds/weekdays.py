"""The weekdays on which a feed is expected to send, as people write them.

``mon-sat``, ``mon,wed,fri``, ``sat-mon``: English words of three letters, as in crontabs; the
stored form is the shortest of these. A day is a number from 0, Monday, to 6, as in
``datetime.weekday``.
"""

from __future__ import annotations

from collections.abc import Iterator

_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = frozenset(range(7))


def parse(text: str) -> frozenset[int]:
    """The days that ``text`` names.

    Raises:
        ValueError: it names none, or something that is no day.
    """
    return frozenset(day for part in text.lower().split(",") for day in _span(part.strip()))


def _span(part: str) -> Iterator[int]:
    first, dash, last = part.partition("-")
    start = _NAMES.index(first.strip())
    end = _NAMES.index(last.strip()) if dash else start
    return (day % 7 for day in range(start, end + 1 if end >= start else end + 8))


def write(days: frozenset[int]) -> str:
    """``days`` in words that ``parse`` reads: ``mon-sat``."""
    return ",".join(_written(run) for run in _runs(sorted(days)))


def _runs(days: list[int]) -> list[list[int]]:
    """Days that follow one another, together."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _written(run: list[int]) -> str:
    first, last = _NAMES[run[0]], _NAMES[run[-1]]
    return first if first == last else f"{first}-{last}"
