"""Visits to the web pages: a ticket is used up by one conditional update."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, Row, insert, select, update

from core.citizens.visit import Visit
from storage.encryption import Keyring
from storage.engine import writing
from storage.moments import to_micros, to_moment
from storage.rows import VISIT

PURPOSE: Final = "visit.sealed"


class VisitStore:
    """Implements ``core.ports.Visits``."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def add(self, visit: Visit) -> None:
        """Store a new visit."""
        values = {"id": visit.id, "step": visit.step, **self._values(visit)}
        with writing(self._engine) as connection:
            connection.execute(insert(VISIT).values(values))

    def advance(self, visit_id: str, step: int, now: datetime) -> Visit | None:
        """Use up ticket ``step``: the visit with its next step, or None if it can't be used."""
        usable = (VISIT.c.id == visit_id, VISIT.c.step == step, VISIT.c.expires_at > to_micros(now))
        change = update(VISIT).where(*usable).values(step=step + 1).returning(VISIT)
        with writing(self._engine) as connection:
            row = connection.execute(change).first()
        return None if row is None else self._visit(row)

    def look(self, visit_id: str, step: int, now: datetime) -> Visit | None:
        """The visit whose next ticket is ``step``, which stays unused; None if there is none."""
        usable = (VISIT.c.id == visit_id, VISIT.c.step == step, VISIT.c.expires_at > to_micros(now))
        with self._engine.connect() as connection:
            row = connection.execute(select(VISIT).where(*usable)).first()
        return None if row is None else self._visit(row)

    def save(self, visit: Visit) -> None:
        """Store what the step learnt (everything but the step)."""
        change = update(VISIT).where(VISIT.c.id == visit.id).values(self._values(visit))
        with writing(self._engine) as connection:
            connection.execute(change)

    def _values(self, visit: Visit) -> dict[str, object]:
        return {
            "challenge_id": visit.challenge_id,
            "expires_at": to_micros(visit.expires_at),
            "verified": visit.verified,
            "person_key": visit.person_key,
            "proven": visit.proven,
            "result_id": visit.result_id,
            "sealed": self._keyring.seal(visit.phone.encode(), PURPOSE, visit.id),
        }

    def _visit(self, row: Row[Any]) -> Visit:
        return Visit(
            id=row.id,
            step=row.step,
            phone=self._keyring.open(row.sealed, PURPOSE, row.id).decode(),
            challenge_id=row.challenge_id,
            expires_at=to_moment(row.expires_at),
            verified=row.verified,
            person_key=row.person_key,
            proven=row.proven,
            result_id=row.result_id,
        )
