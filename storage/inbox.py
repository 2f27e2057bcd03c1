"""The inbox: every raw item with what became of it.

The same bytes of a facility are one row: when they come again they are counted, and tell
the newest outcome, except that an item which made a result keeps saying so. An item's id
names its facility, so that a page can check the scope before it asks.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, Select, func, select

from core.ports import InboxRow, IntakeCount, QuarantinedItem
from core.results.reported import Finding
from core.results.versions import Change
from storage.bulk import BulkInsert
from storage.bulk import Row as Values
from storage.encryption import Keyring
from storage.moments import to_micros, to_moment
from storage.rows import INBOX, QUARANTINED

RAW_PURPOSE: Final = "inbox_item.sealed"
NOTE_PURPOSE: Final = "inbox_item.note"
_KEEPS = (
    "CASE WHEN inbox_item.change IN ('accepted', 'corrected', 'withdrawn')"
    " AND excluded.change IN ('duplicate', 'ignored') THEN inbox_item.{0} ELSE excluded.{0} END"
)
_INSERT = BulkInsert(
    INBOX,
    ("facility", "raw_index", "position", "change", "result_id", "received_at", "last_seen_at",
     "seen", "note", "sealed"),
    "ON CONFLICT (facility, raw_index) DO UPDATE SET seen = inbox_item.seen + 1,"
    " last_seen_at = excluded.last_seen_at, "
    + ", ".join(f"{name} = {_KEEPS.format(name)}" for name in ("change", "result_id", "note")),
)  # fmt: skip

_LISTED: Select[Any] = select(
    INBOX.c.facility, INBOX.c.raw_index, INBOX.c.position, INBOX.c.note, INBOX.c.received_at
)

_Said = tuple[tuple[Finding, ...], tuple[Finding, ...]]
_Findings = list[tuple[str, str, str]]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, _Findings, _Findings]).decode


def item_rows(
    facility: str, source: str, items: Iterable[InboxRow], keyring: Keyring, now: int
) -> list[Values]:
    """Sealed rows for ``insert_items``.

    Args:
        now: Microseconds (``storage.moments``).
    """
    notes: dict[_Said, bytes] = {}  # most items of a file say the same: nothing

    def note(item: InboxRow) -> bytes:
        said = item.errors, item.warnings
        if said not in notes:
            notes[said] = keyring.seal(_note(source, item), NOTE_PURPOSE)
        return notes[said]

    def raw(item: InboxRow) -> bytes:
        return keyring.seal(item.raw, RAW_PURPOSE, item_id(facility, item.raw_index))

    return [
        (facility, item.raw_index, item.index, item.change, item.result_id, now, now, 1,
         note(item), raw(item))
        for item in items
    ]  # fmt: skip


def insert_items(connection: Connection, rows: list[Values]) -> None:
    """Insert items, or count those that are already there."""
    first: dict[Values, Values] = {}
    # One statement can't meet the same row twice.
    again = [row for row in rows if first.setdefault(row[:2], row) is not row]
    _INSERT.run(connection, list(first.values()))
    if again:
        insert_items(connection, again)


def item_id(facility: str, raw_index: bytes) -> str:
    """The id by which staff ask for an item; nobody can guess another's."""
    return f"{facility}:{raw_index.hex()}"


def facility_of(wanted: str) -> str:
    """The facility that an item's id names; empty when it is no id."""
    return wanted.rpartition(":")[0]


class InboxStore:
    """Implements ``core.ports.Inbox``."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def counts(self, since: datetime) -> list[IntakeCount]:
        """Outcomes per facility of what came, or came again, since then."""
        grouped = (
            select(INBOX.c.facility, INBOX.c.change, func.count(), func.max(INBOX.c.last_seen_at))
            .where(INBOX.c.last_seen_at >= to_micros(since))
            .group_by(INBOX.c.facility, INBOX.c.change)
            .order_by(INBOX.c.facility, INBOX.c.change)
        )
        with self._engine.connect() as connection:
            return [
                IntakeCount(facility, Change(change), count, to_moment(latest))
                for facility, change, count, latest in connection.execute(grouped)
            ]

    def quarantined(self, facilities: frozenset[str] | None, limit: int) -> list[QuarantinedItem]:
        """Newest first; of these facilities only, or of all when None."""
        newest = _LISTED.where(QUARANTINED).order_by(INBOX.c.received_at.desc())
        if facilities is not None:
            newest = newest.where(INBOX.c.facility.in_(sorted(facilities)))
        with self._engine.connect() as connection:
            return [self._item(row) for row in connection.execute(newest.limit(limit))]

    def raw(self, item_id: str) -> bytes | None:
        """The bytes as received."""
        facility, _, index = item_id.rpartition(":")
        try:
            raw_index = binascii.unhexlify(index)
        except (binascii.Error, ValueError):
            return None
        found = select(INBOX.c.sealed).where(
            INBOX.c.facility == facility, INBOX.c.raw_index == raw_index
        )
        with self._engine.connect() as connection:
            sealed = connection.execute(found).scalar()
        return None if sealed is None else self._keyring.open(sealed, RAW_PURPOSE, item_id)

    def _item(self, row: Row[Any]) -> QuarantinedItem:
        source, errors, _ = _decode(self._keyring.open(row.note, NOTE_PURPOSE))
        return QuarantinedItem(
            id=item_id(row.facility, row.raw_index),
            facility=row.facility,
            source=source,
            index=row.position,
            errors=tuple(Finding(*error) for error in errors),
            received_at=to_moment(row.received_at),
        )


def _note(source: str, item: InboxRow) -> bytes:
    errors = [(found.code, found.field, found.detail) for found in item.errors]
    warnings = [(found.code, found.field, found.detail) for found in item.warnings]
    return _encode((source, errors, warnings))
