"""How much came through each feed, hour by hour: what freshness is judged by.

Only items that were not here before count: a poll reaches back and meets the same items
again, and a sender that repeats itself is as silent as one that says nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, func, select, text

from storage.moments import to_micros, to_moment
from storage.rows import FEED_HOUR

_HOUR: Final = 3_600_000_000  # µs
_COUNT = text(
    "INSERT INTO feed_hour (facility, feed, hour, arrived, latest)"
    " VALUES (:facility, :feed, :hour, :items, :latest)"
    " ON CONFLICT (facility, feed, hour) DO UPDATE SET"
    " arrived = feed_hour.arrived + excluded.arrived,"
    " latest = CASE WHEN excluded.latest > feed_hour.latest THEN excluded.latest"
    " ELSE feed_hour.latest END"
)


def count_items(connection: Connection, facility: str, feed: str, items: int, now: int) -> None:
    """Add ``items`` new ones to this hour; none leaves no trace.

    Args:
        now: Microseconds (``storage.moments``).
    """
    if items:
        hour = now - now % _HOUR
        values = {"facility": facility, "feed": feed, "hour": hour, "items": items, "latest": now}
        connection.execute(_COUNT, values)


class FeedHourStore:
    """Implements ``core.feeds.ports.FeedHours``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def since(self, since: datetime) -> dict[tuple[str, str], list[tuple[datetime, int]]]:
        """Hours with new items by ``(facility, feed)``, oldest first."""
        wanted: Select[Any] = (
            select(FEED_HOUR.c.facility, FEED_HOUR.c.feed, FEED_HOUR.c.hour, FEED_HOUR.c.arrived)
            .where(FEED_HOUR.c.hour >= to_micros(since))
            .order_by(FEED_HOUR.c.hour)
        )
        found: dict[tuple[str, str], list[tuple[datetime, int]]] = {}
        with self._engine.connect() as connection:
            for facility, feed, hour, items in connection.execute(wanted):
                found.setdefault((facility, feed), []).append((to_moment(hour), items))
        return found

    def latest(self) -> dict[tuple[str, str], datetime]:
        """When the last new item came, by ``(facility, feed)``."""
        wanted: Select[Any] = select(
            FEED_HOUR.c.facility, FEED_HOUR.c.feed, func.max(FEED_HOUR.c.latest)
        ).group_by(FEED_HOUR.c.facility, FEED_HOUR.c.feed)
        with self._engine.connect() as connection:
            return {
                (facility, feed): to_moment(latest)
                for facility, feed, latest in connection.execute(wanted)
            }
