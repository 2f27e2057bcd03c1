"""Delays of results, counted by the database so that a day of them is a few hundred rows.

The indexes ``ix_result_delay`` and ``ix_delivery_told`` hold all that is asked for; neither
table is opened.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, Select, bindparam, case, func, select

from core.results.delays import ROUNDED_ELSE, ROUNDED_TO, Delay, Step, delay_of
from storage.moments import to_micros
from storage.rows import DELIVERY, FIRST_AND_OPEN, RESULT, TOLD

_SECOND: Final = 1_000_000  # µs
_Counts = dict[tuple[str, Step], dict[int, int]]


def _seconds(earlier: ColumnElement[int], later: ColumnElement[int]) -> ColumnElement[int]:
    """Rounded as ``core.results.delays.rounded``; a clock that runs ahead makes no less than 0."""
    passed = (later - earlier) // _SECOND
    unit = case(*[(passed < below, unit) for below, unit in ROUNDED_TO], else_=ROUNDED_ELSE)
    return case((later > earlier, passed - passed % unit), else_=0)


_RECENT: Final = (
    select(
        RESULT.c.id, RESULT.c.facility, RESULT.c.collected_at, RESULT.c.reported_at,
        RESULT.c.stored_at,
    )
    .where(FIRST_AND_OPEN, RESULT.c.stored_at >= bindparam("since"))
    .cte("recent")
    .prefix_with("MATERIALIZED")  # else SQLite reads the whole table in the order of facilities
)  # fmt: skip
_SENT: Final = (
    select(DELIVERY.c.result_id, DELIVERY.c.finished_at)
    .where(TOLD, DELIVERY.c.finished_at >= bindparam("since"))
    .cte("sent")
    .prefix_with("MATERIALIZED")
)


def _counted(earlier: ColumnElement[int], later: ColumnElement[int]) -> Select[Any]:
    seconds = _seconds(earlier, later).label("seconds")
    return select(_RECENT.c.facility, seconds, func.count()).group_by(_RECENT.c.facility, seconds)


STATEMENTS: Final[dict[Step, Select[Any]]] = {
    Step.REPORTED: _counted(_RECENT.c.collected_at, _RECENT.c.reported_at),
    Step.RELEASED: _counted(_RECENT.c.reported_at, _RECENT.c.stored_at),
    Step.TOLD: _counted(_RECENT.c.stored_at, _SENT.c.finished_at).select_from(
        _RECENT.join(_SENT, _SENT.c.result_id == _RECENT.c.id)
    ),
    Step.WHOLE: _counted(_RECENT.c.collected_at, _RECENT.c.stored_at),
}


class DelayStore:
    """Implements ``core.results.delays.Delays``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def since(self, since: datetime) -> dict[str, dict[Step, Delay]]:
        """By facility, of results stored since then; a step nobody took is left out."""
        found: dict[str, dict[Step, Delay]] = defaultdict(dict)
        for (facility, step), counts in self._counts(to_micros(since)).items():
            found[facility][step] = delay_of(counts)
        return dict(found)

    def _counts(self, since: int) -> _Counts:
        counts: _Counts = defaultdict(dict)
        with self._engine.connect() as connection:
            for step, statement in STATEMENTS.items():
                for facility, seconds, count in connection.execute(statement, {"since": since}):
                    counts[facility, step][seconds] = count
        return counts
