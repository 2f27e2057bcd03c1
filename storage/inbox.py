"""The inbox: every raw item with what became of it.

The same bytes of a facility are one row: when they come again they are counted, and tell
the newest outcome, except that an item which made a result keeps saying so. An item's id
names its facility, so that a page can check the scope before it asks.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, Select, and_, bindparam, case, func, select

from core.ports import InboxRow, Origin
from core.results.inbox import IntakeCount, KeptItem, Lineage, QuarantinedItem
from core.results.intake import NOT_KEPT, PILOT
from core.results.reported import Finding
from core.results.versions import Change
from storage.bulk import BulkInsert
from storage.bulk import Row as Values
from storage.encryption import Keyring
from storage.moments import maybe_moment, to_micros, to_moment
from storage.rows import CERTIFICATE, DELIVERY, INBOX, QUARANTINED, RESULT

RAW_PURPOSE: Final = "inbox_item.sealed"
NOTE_PURPOSE: Final = "inbox_item.note"
_KEEPS = (
    "CASE WHEN inbox_item.change IN ('accepted', 'corrected', 'withdrawn')"
    " AND excluded.change IN ('duplicate', 'ignored') THEN inbox_item.{0} ELSE excluded.{0} END"
)
_INSERT = BulkInsert(
    INBOX,
    ("facility", "raw_index", "feed", "position", "part", "row", "change", "reason", "result_id",
     "received_at", "last_seen_at", "seen", "note", "sealed"),
    "ON CONFLICT (facility, raw_index) DO UPDATE SET seen = inbox_item.seen + 1,"
    " last_seen_at = excluded.last_seen_at, "
    + ", ".join(
        f"{name} = {_KEEPS.format(name)}" for name in ("change", "reason", "result_id", "note")
    ),
)  # fmt: skip

_LISTED: Select[Any] = select(
    INBOX.c.facility, INBOX.c.raw_index, INBOX.c.feed, INBOX.c.position, INBOX.c.row,
    INBOX.c.note, INBOX.c.received_at,
)  # fmt: skip
_WAITING: Select[Any] = select(INBOX.c.raw_index, INBOX.c.note)  # without the bytes: to be sorted
_KEPT: Select[Any] = select(
    INBOX.c.facility, INBOX.c.raw_index, INBOX.c.feed, INBOX.c.part, INBOX.c.row, INBOX.c.note,
    INBOX.c.sealed,
)  # fmt: skip

_PILOTS = and_(INBOX.c.change == Change.IGNORED, INBOX.c.reason == PILOT)
_IS_ITEM = and_(
    INBOX.c.facility == bindparam("facility"), INBOX.c.raw_index == bindparam("raw_index")
)
_LINEAGE: Select[Any] = (
    select(INBOX, RESULT.c.version, RESULT.c.stored_at, CERTIFICATE.c.uvci, CERTIFICATE.c.standing)
    .select_from(
        INBOX.outerjoin(RESULT, RESULT.c.id == INBOX.c.result_id).outerjoin(
            CERTIFICATE, CERTIFICATE.c.result_id == RESULT.c.id
        )
    )
    .where(_IS_ITEM)
)
_MESSAGES: Select[Any] = (
    select(
        DELIVERY.c.template, DELIVERY.c.state, DELIVERY.c.code, DELIVERY.c.created_at,
        DELIVERY.c.finished_at,
    )
    .where(DELIVERY.c.result_id == bindparam("result_id"))
    .order_by(DELIVERY.c.created_at)
)  # fmt: skip

_MADE = (Change.ACCEPTED, Change.CORRECTED, Change.WITHDRAWN)
_Said = tuple[tuple[Finding, ...], tuple[Finding, ...]]
_Findings = list[tuple[str, str, str]]


class _Note(msgspec.Struct, array_like=True, frozen=True):
    """What is sealed beside the raw bytes; older notes end after the warnings."""

    source: str
    errors: _Findings
    warnings: _Findings
    format: str = "auto"


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Note).decode


def item_rows(
    facility: str, origin: Origin, items: Iterable[InboxRow], keyring: Keyring, now: int
) -> list[Values]:
    """Sealed rows for ``insert_items``.

    Args:
        now: Microseconds (``storage.moments``).
    """
    notes: dict[_Said, bytes] = {}  # most items of a file say the same: nothing

    def note(item: InboxRow) -> bytes:
        said = item.errors, item.warnings
        if said not in notes:
            notes[said] = keyring.seal(_note(origin, item), NOTE_PURPOSE)
        return notes[said]

    def raw(item: InboxRow) -> bytes:
        return keyring.seal(item.raw, RAW_PURPOSE, item_id(facility, item.raw_index))

    return [
        (facility, item.raw_index, origin.feed, item.index, item.part, item.row, item.change,
         _reason(item), item.result_id, now, now, 1, note(item), raw(item))
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


def count_new_quarantined(connection: Connection, facility: str, items: Iterable[InboxRow]) -> int:
    """How many of the quarantined ``items`` are not here yet."""
    wanted = {item.raw_index for item in items if item.change is Change.QUARANTINED}
    if not wanted:
        return 0
    known = select(func.count()).where(
        INBOX.c.facility == facility, INBOX.c.raw_index.in_(sorted(wanted))
    )
    return len(wanted) - int(connection.execute(known).scalar_one())


def item_id(facility: str, raw_index: bytes) -> str:
    """The id by which staff ask for an item; nobody can guess another's."""
    return f"{facility}:{raw_index.hex()}"


def facility_of(wanted: str) -> str:
    """The facility that an item's id names; empty when it is no id."""
    return wanted.rpartition(":")[0]


class InboxStore:
    """Implements ``core.results.inbox.Inbox``."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def counts(self, since: datetime) -> list[IntakeCount]:
        """Outcomes per facility of what came since then; what came again is a duplicate."""
        with self._engine.connect() as connection:
            rows = connection.execute(_counted(to_micros(since))).all()
        return [
            IntakeCount(facility, Change(change), count, to_moment(latest))
            for facility, change, count, latest in sorted(rows)
        ]

    def quarantined(self, facilities: frozenset[str] | None, limit: int) -> list[QuarantinedItem]:
        """Newest first; of these facilities only, or of all when None."""
        newest = _LISTED.where(QUARANTINED).order_by(INBOX.c.received_at.desc())
        if facilities is not None:
            newest = newest.where((INBOX.c.facility + "").in_(sorted(facilities)))
        with self._engine.connect() as connection:
            return [self._item(row) for row in connection.execute(newest.limit(limit))]

    def reasons(self, facilities: frozenset[str] | None) -> dict[tuple[str, str], int]:
        """How many quarantined items wait, by facility and first reason."""
        grouped = select(INBOX.c.facility, INBOX.c.reason, func.count()).where(QUARANTINED)
        if facilities is not None:
            grouped = grouped.where(INBOX.c.facility.in_(sorted(facilities)))
        grouped = grouped.group_by(INBOX.c.facility, INBOX.c.reason)
        with self._engine.connect() as connection:
            return {
                (facility, reason): count for facility, reason, count in connection.execute(grouped)
            }

    def tally(self, facility: str) -> dict[tuple[Change, str], int]:
        """How many items of a facility are kept, by outcome and first reason."""
        grouped = (
            select(INBOX.c.change, INBOX.c.reason, func.count())
            .where(INBOX.c.facility == facility)
            .group_by(INBOX.c.change, INBOX.c.reason)
        )
        with self._engine.connect() as connection:
            return {
                (Change(change), reason): count
                for change, reason, count in connection.execute(grouped)
            }

    def kept(
        self,
        facility: str,
        *,
        pilots: bool = False,
        reason: str = "",
        ids: Sequence[str] = (),
        limit: int = 500,
    ) -> list[KeptItem]:
        """Items that may be taken in again: quarantined ones, or a pilot's."""
        wanted = _WAITING.where(INBOX.c.facility == facility, _PILOTS if pilots else QUARANTINED)
        if reason:
            wanted = wanted.where(INBOX.c.reason == reason)
        if ids:
            wanted = wanted.where(INBOX.c.raw_index.in_([_raw_index(each) for each in ids]))
        # A replay touches what still waits, so that the next one begins with the others.
        first = INBOX.c.received_at if pilots else INBOX.c.last_seen_at
        order = first, INBOX.c.received_at, INBOX.c.position
        with self._engine.connect() as connection:
            waiting = connection.execute(wanted.order_by(*order))
            here = (row.raw_index for row in waiting if self._note_of(row).format != NOT_KEPT)
            chosen = INBOX.c.raw_index.in_(list(islice(here, limit)))
            items = _KEPT.where(INBOX.c.facility == facility, chosen).order_by(*order)
            return [self._kept(row) for row in connection.execute(items)]

    def lineage(self, item_id: str) -> Lineage | None:
        """From a raw item to its result, certificate and messages."""
        with self._engine.connect() as connection:
            row = connection.execute(_LINEAGE, _key(item_id)).first()
            if row is None:
                return None
            sent = connection.execute(_MESSAGES, {"result_id": row.result_id}).all()
        note = self._note_of(row)
        return Lineage(
            id=item_id,
            facility=row.facility,
            origin=Origin(note.source, row.feed, note.format),
            change=Change(row.change),
            errors=_findings(note.errors),
            warnings=_findings(note.warnings),
            received_at=to_moment(row.received_at),
            last_seen_at=to_moment(row.last_seen_at),
            seen=row.seen,
            row=row.row,
            result_id=row.result_id,
            version=row.version,
            stored_at=maybe_moment(row.stored_at),
            uvci=row.uvci,
            standing=row.standing or "",
            deliveries=tuple(
                (each.template, each.state, each.code or "",
                 to_moment(each.finished_at or each.created_at))
                for each in sent
            ),
        )  # fmt: skip

    def raw(self, item_id: str) -> bytes | None:
        """The bytes as received."""
        found = select(INBOX.c.sealed).where(_IS_ITEM)
        with self._engine.connect() as connection:
            sealed = connection.execute(found, _key(item_id)).scalar()
        return None if sealed is None else self._keyring.open(sealed, RAW_PURPOSE, item_id)

    def _item(self, row: Row[Any]) -> QuarantinedItem:
        note = self._note_of(row)
        return QuarantinedItem(
            id=item_id(row.facility, row.raw_index),
            facility=row.facility,
            source=note.source,
            index=row.position,
            errors=_findings(note.errors),
            received_at=to_moment(row.received_at),
            feed=row.feed,
            row=row.row,
        )

    def _kept(self, row: Row[Any]) -> KeptItem:
        note, name = self._note_of(row), item_id(row.facility, row.raw_index)
        raw = self._keyring.open(row.sealed, RAW_PURPOSE, name)
        return KeptItem(name, Origin(note.source, row.feed, note.format), row.part, row.row, raw)

    def _note_of(self, row: Row[Any]) -> _Note:
        return _decode(self._keyring.open(row.note, NOTE_PURPOSE))


def _counted(since: int) -> Select[Any]:
    """Outcomes by facility, read along the index of when items were last seen.

    An expression in place of the column keeps the planner from walking the whole table in the
    order of its primary key. What was here before counts as what it became only if its result
    is new: it waited, and was taken in again.
    """
    before = INBOX.c.received_at < since
    again = and_(before, INBOX.c.change.in_(_MADE), RESULT.c.stored_at < since)
    change = case((again, Change.DUPLICATE), else_=INBOX.c.change)
    facility = INBOX.c.facility + ""
    return (
        select(facility, change, func.count(), func.max(INBOX.c.last_seen_at))
        .select_from(INBOX.outerjoin(RESULT, and_(before, RESULT.c.id == INBOX.c.result_id)))
        .where(INBOX.c.last_seen_at >= since)
        .group_by(facility, change)
    )


def _key(item_id: str) -> dict[str, str | bytes]:
    return {"facility": facility_of(item_id), "raw_index": _raw_index(item_id)}


def _raw_index(item_id: str) -> bytes:
    """The index within an id; one that nothing has where it isn't an id."""
    try:
        return binascii.unhexlify(item_id.rpartition(":")[2])
    except (binascii.Error, ValueError):
        return b""


def _reason(item: InboxRow) -> str:
    return next((found.code for found in (*item.errors, *item.warnings)), "")


def _findings(written: _Findings) -> tuple[Finding, ...]:
    return tuple(Finding(*each) for each in written)


def _note(origin: Origin, item: InboxRow) -> bytes:
    errors = [(found.code, found.field, found.detail) for found in item.errors]
    warnings = [(found.code, found.field, found.detail) for found in item.warnings]
    return _encode(_Note(origin.source, errors, warnings, origin.format))
