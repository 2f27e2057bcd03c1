"""Facilities: the connected units, and what their own codes mean.

Both are looked up for every message that comes in, so that is done without the ORM.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, Row, Select, bindparam
from sqlalchemy import select as columns
from sqlmodel import Session, select

from core.results.facility import DateOrder, Facility, Stage
from core.results.local_codes import Code, CodeKind, LocalCodes
from core.results.result import Outcome
from storage.engine import writer
from storage.rows import FACILITY, LOCAL_CODE, FacilityRecord, LocalCodeRecord

_ONE: Select[Any] = columns(FACILITY).where(FACILITY.c.code == bindparam("code"))
_CODES: Select[Any] = columns(
    LOCAL_CODE.c.kind, LOCAL_CODE.c.system, LOCAL_CODE.c.code, LOCAL_CODE.c.meaning
).where(LOCAL_CODE.c.facility == bindparam("facility"))


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
        with self._engine.connect() as connection:
            row = connection.execute(_ONE, {"code": code}).first()
        return None if row is None else _facility(row)

    def all(self) -> list[Facility]:
        """Every facility, by code."""
        with Session(self._engine) as session:
            records = session.exec(select(FacilityRecord).order_by(FacilityRecord.code))
            return [_facility(record) for record in records]

    def codes(self, code: str) -> LocalCodes:
        """The laboratory's own codes."""
        tests: dict[Code, str] = {}
        values: dict[Code, Outcome] = {}
        with self._engine.connect() as connection:
            rows = connection.execute(_CODES, {"facility": code}).all()
        for kind, *written, meaning in rows:
            if kind == CodeKind.TEST:
                tests[written[0], written[1]] = meaning
            else:
                values[written[0], written[1]] = Outcome(meaning)
        return LocalCodes(tests, values)

    def map_code(self, facility: str, kind: CodeKind, code: Code, meaning: str | None) -> None:
        """Say what a code means; None takes the meaning away."""
        with Session(writer(self._engine)) as session:
            if meaning is None:
                found = session.get(LocalCodeRecord, (facility, kind, *code))
                if found is not None:
                    session.delete(found)
            else:
                session.merge(
                    LocalCodeRecord(
                        facility=facility,
                        kind=kind,
                        system=code[0],
                        code=code[1],
                        meaning=meaning,
                    )
                )
            session.commit()


def _record(facility: Facility) -> FacilityRecord:
    return FacilityRecord(
        code=facility.code,
        name=facility.name,
        short_name=facility.short_name,
        zone=facility.zone,
        contact=facility.contact,
        date_order=facility.date_order,
        stage=facility.stage,
    )


def _facility(record: FacilityRecord | Row[Any]) -> Facility:
    return Facility(
        record.code,
        record.name,
        record.short_name,
        record.zone,
        record.contact,
        DateOrder(record.date_order),
        Stage(record.stage),
    )
