"""Times in the database: whole microseconds since 1970-01-01 UTC, in a 64-bit integer.

SQLite has no time type and drops zones; an integer is the same on both databases, sorts,
keeps every microsecond, and costs a bulk insert no conversion layer.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """An aware time as stored. Raises: TypeError for a naive one."""
    return (moment - _EPOCH) // _MICROSECOND


def to_moment(micros: int) -> datetime:
    """A stored time as aware UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def maybe_micros(moment: datetime | None) -> int | None:
    """``to_micros``, None staying None."""
    return None if moment is None else to_micros(moment)


def maybe_moment(micros: int | None) -> datetime | None:
    """``to_moment``, None staying None."""
    return None if micros is None else to_moment(micros)
