"""The installation's one row: when its database was made, and whether it is the demo's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select
from sqlmodel import Session

from storage.engine import insert_into, writing
from storage.moments import to_micros, to_moment
from storage.rows import INSTALLATION, InstallationRecord


@dataclass(frozen=True, slots=True)
class Installation:
    """What a database says about itself."""

    created_at: datetime
    is_demo: bool


def read_installation(engine: Engine) -> Installation | None:
    """The row; None in a database that nobody has started with."""
    with Session(engine) as session:
        record = session.get(InstallationRecord, 1)
        return None if record is None else _installation(record)


def claim_installation(engine: Engine, *, is_demo: bool, now: datetime) -> Installation:
    """The row, made now if there is none: whoever starts first decides whose it is."""
    row = insert_into(engine, INSTALLATION).values(id=1, created_at=to_micros(now), is_demo=is_demo)
    with writing(engine) as connection:
        connection.execute(row.on_conflict_do_nothing())
        found = connection.execute(select(INSTALLATION)).one()
    return Installation(to_moment(found.created_at), found.is_demo)


def _installation(record: InstallationRecord) -> Installation:
    return Installation(to_moment(record.created_at), record.is_demo)
