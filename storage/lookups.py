"""Look-ups of officers, counted where every process sees them; about whom is kept nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, update

from core.lookups.limits import HOUR, MINUTE, MISSES, Pace, Paused
from core.lookups.ports import Lookup
from storage.engine import writing
from storage.moments import to_micros, to_moment
from storage.rows import LOOKUP


class LookupStore:
    """Implements ``core.lookups.ports.Lookups``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(
        self, lookup: Lookup, paused: Callable[[Pace, datetime], Paused | None]
    ) -> Paused | None:
        """Count ``lookup`` as a miss, unless ``paused`` says no; says so then."""
        with writing(self._engine) as connection:
            _take_turns(connection, f"officer:{lookup.officer}", f"place:{lookup.place}")
            refused = paused(_pace(connection, lookup), lookup.at)
            if refused is None:
                connection.execute(insert(LOOKUP).values(_values(lookup)))
        return refused

    def finish(self, lookup_id: str, *, missed: bool) -> None:
        """Say what became of it."""
        change = update(LOOKUP).where(LOOKUP.c.id == lookup_id).values(missed=missed)
        with writing(self._engine) as connection:
            connection.execute(change)


def _take_turns(connection: Connection, *names: str) -> None:
    """Let others of these names wait until the transaction ends; SQLite's lock is whole."""
    if connection.dialect.name == "postgresql":
        for name in names:  # everywhere in this order, so that nobody waits in a circle
            key = int.from_bytes(sha256(f"lookup:{name}".encode()).digest()[:8], signed=True)
            connection.execute(select(func.pg_advisory_xact_lock(key)))


def _pace(connection: Connection, lookup: Lookup) -> Pace:
    by_officer, at_place = LOOKUP.c.officer == lookup.officer, LOOKUP.c.place == lookup.place
    missed = (
        select(LOOKUP.c.at)
        .where(by_officer, LOOKUP.c.missed)
        .order_by(LOOKUP.c.at.desc())
        .limit(MISSES)
    )

    def since(mine: ColumnElement[bool], span: timedelta) -> int:
        lately = LOOKUP.c.at > to_micros(lookup.at - span)
        found = select(func.count()).select_from(LOOKUP).where(mine, lately)
        return connection.execute(found).scalar_one()

    return Pace(
        officer_minute=since(by_officer, MINUTE),
        officer_hour=since(by_officer, HOUR),
        place_minute=since(at_place, MINUTE),
        place_hour=since(at_place, HOUR),
        misses=tuple(map(to_moment, connection.execute(missed).scalars())),
    )


def _values(lookup: Lookup) -> dict[str, object]:
    return {
        "id": lookup.id,
        "officer": lookup.officer,
        "place": lookup.place,
        "at": to_micros(lookup.at),
        "missed": True,
    }
