"""Facilities: the connected units."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import Session, select

from core.results.facility import Facility
from storage.engine import writer
from storage.rows import FacilityRecord


class FacilityStore:
    """Implements ``core.ports.Facilities``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, facility: Facility) -> None:
        """Store a new one, or change the one with this code."""
        with Session(writer(self._engine)) as session:
            session.merge(_record(facility))
            session.commit()

    def get(self, code: str) -> Facility | None:
        """The facility with this code."""
        with Session(self._engine) as session:
            record = session.get(FacilityRecord, code)
            return None if record is None else _facility(record)

    def all(self) -> list[Facility]:
        """Every facility, by code."""
        with Session(self._engine) as session:
            records = session.exec(select(FacilityRecord).order_by(FacilityRecord.code))
            return [_facility(record) for record in records]


def _record(facility: Facility) -> FacilityRecord:
    return FacilityRecord(
        code=facility.code,
        name=facility.name,
        short_name=facility.short_name,
        zone=facility.zone,
        contact=facility.contact,
    )


def _facility(record: FacilityRecord) -> Facility:
    return Facility(record.code, record.name, record.short_name, record.zone, record.contact)
