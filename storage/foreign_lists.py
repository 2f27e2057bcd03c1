"""Lists of others: which document signers we trust beside our own, and on whose word."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Engine, Row, delete, select

from storage.engine import insert_into, writing
from storage.moments import to_micros, to_moment
from storage.rows import FOREIGN_LIST


@dataclass(frozen=True, slots=True)
class ImportedList:
    """The last list that was accepted under an anchor.

    Args:
        anchor: Its fingerprint, hexadecimal.
        version: None where lists of this kind have none.
        certificates: DER.
    """

    anchor: str
    origin: str
    version: int | None
    imported_at: datetime
    certificates: tuple[bytes, ...]


class ForeignListStore:
    """One list an anchor; a newer one takes the place of the last."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, imported: ImportedList) -> bool:
        """Store a list; False where a newer version came first."""
        values = {
            "anchor": imported.anchor,
            "origin": imported.origin,
            "version": imported.version,
            "imported_at": to_micros(imported.imported_at),
            "certificates": msgspec.json.encode(
                [b64encode(der).decode() for der in imported.certificates]
            ),
        }
        fresh = insert_into(self._engine, FOREIGN_LIST).values(values)
        newer = fresh.on_conflict_do_update(
            index_elements=["anchor"],
            set_=values,
            where=FOREIGN_LIST.c.version.is_(None)
            | (FOREIGN_LIST.c.version <= fresh.excluded.version),
        )
        with writing(self._engine) as connection:
            stored = newer.returning(FOREIGN_LIST.c.anchor)
            return connection.execute(stored).first() is not None

    def version(self, anchor: str) -> int:
        """The highest version accepted under an anchor; 0 where there is none."""
        found = select(FOREIGN_LIST.c.version).where(FOREIGN_LIST.c.anchor == anchor)
        with self._engine.connect() as connection:
            return connection.execute(found).scalar() or 0

    def all(self) -> list[ImportedList]:
        """Every list, by anchor."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(FOREIGN_LIST).order_by(FOREIGN_LIST.c.anchor))
            return [_list(row) for row in rows]

    def remove(self, anchor: str) -> bool:
        """Trust an anchor's list no more; False where there is none."""
        gone = delete(FOREIGN_LIST).where(FOREIGN_LIST.c.anchor == anchor)
        with writing(self._engine) as connection:
            return connection.execute(gone).rowcount == 1

    def certificates(self) -> list[bytes]:
        """DER of every document signer of every list."""
        return [der for each in self.all() for der in each.certificates]


def _list(row: Row[Any]) -> ImportedList:
    encoded = msgspec.json.decode(row.certificates, type=list[str])
    return ImportedList(
        anchor=row.anchor,
        origin=row.origin,
        version=row.version,
        imported_at=to_moment(row.imported_at),
        certificates=tuple(b64decode(text) for text in encoded),
    )
