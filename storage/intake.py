"""Intake: a batch of raw items, results, certificates, messages and links, all or nothing.

Everything is sealed before the transaction begins, so that the write lock is held only for
the inserts. Every version of a report is kept; the unique index over current ones is what
makes two writers notice each other.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, Select, bindparam, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from core.ports import Conflict, InboxRow, Origin, Randomness, ResultRow
from core.results.reported import DocumentType, ReportStatus
from core.results.result import Document
from core.results.versions import Change, Stored
from storage.bulk import BulkInsert
from storage.bulk import Row as Values
from storage.certificates import CERTIFICATES, OWED, certificate_row
from storage.contents import PURPOSE, pack
from storage.deliveries import delivery_row, insert_deliveries
from storage.encryption import Keyring
from storage.engine import is_deadlock, is_unique_violation, writing
from storage.feed_hours import count_items
from storage.inbox import count_new_quarantined, insert_items, item_rows
from storage.moments import to_micros, to_moment
from storage.rows import CURRENT, LINK, RESULT
from storage.standings import CORRECTED, REVOKED

_RESULTS = BulkInsert(
    RESULT,
    ("id", "facility", "accession", "test_key", "version", "is_current", "status",
     "confidentiality", "short_code", "announced", "content_mac", "person_index", "phone_index",
     "document_index", "collected_at", "reported_at", "stored_at", "sealed"),
)  # fmt: skip
_LINKS = BulkInsert(LINK, ("token_hash", "result_id", "expires_at"))
# One parameter for any number of accessions, so that the statement is prepared once.
_LISTED = {
    "sqlite": text("accession IN (SELECT value FROM json_each(:accessions))"),
    "postgresql": text("accession IN (SELECT json_array_elements_text(CAST(:accessions AS json)))"),
}
_CURRENT_OF: Select[Any] = select(
    RESULT.c.id, RESULT.c.accession, RESULT.c.test_key, RESULT.c.version, RESULT.c.status,
    RESULT.c.content_mac, RESULT.c.person_index, RESULT.c.reported_at, RESULT.c.announced,
).where(RESULT.c.facility == bindparam("facility"), CURRENT)  # fmt: skip
_ANNOUNCED_BEFORE = text(
    "UPDATE result SET announced = (SELECT earlier.announced FROM result AS earlier"
    " WHERE earlier.id = :earlier) WHERE id = :id AND NOT announced"
)
_UNSENT_BEFORE = text(
    "UPDATE delivery SET state = 'suppressed' WHERE result_id = :earlier"
    " AND state IN ('pending', 'claimed')"
)  # "a result is ready" must not arrive after "it was corrected"; one in flight may, and is noted
_EARLIER_CERTIFICATES = text(
    "UPDATE certificate SET standing = :standing WHERE result_id IN (SELECT id FROM result WHERE"
    " facility = :facility AND accession = :accession AND test_key = :test AND version < :version)"
)
# An officer reads the identity card; other documents count only where there is no card.
_DOCUMENT_ORDER: Final = {kind: place for place, kind in enumerate(DocumentType)}


@dataclass(frozen=True, slots=True)
class _Batch:
    """All rows of a transaction, sealed and in the order of the columns."""

    results: list[Values]
    certificates: list[Values]
    owed: list[Values]
    deliveries: list[Values]
    links: list[Values]
    inbox: list[Values]


class IntakeStore:
    """Implements ``core.ports.IntakeStore``.

    Args:
        random: Source of delivery ids.
    """

    def __init__(self, engine: Engine, keyring: Keyring, random: Randomness = os.urandom) -> None:
        self._engine = engine
        self._keyring = keyring
        self._random = random

    def current(
        self, facility: str, reports: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], Stored]:
        """Current versions by ``(accession, test key)``: every test of these accessions."""
        accessions = msgspec.json.encode(list({accession for accession, _ in reports})).decode()
        find = _CURRENT_OF.where(_LISTED[self._engine.dialect.name])
        with self._engine.connect() as connection:
            rows = connection.execute(find, {"facility": facility, "accessions": accessions})
            return {(row.accession, row.test_key): _stored(row) for row in rows}

    def store(
        self,
        facility: str,
        origin: Origin,
        inbox: Iterable[InboxRow],
        results: Iterable[ResultRow],
        now: datetime,
        *,
        arrived: bool = True,
    ) -> None:
        """Store all of it or nothing.

        Args:
            arrived: It came just now; what is taken in again is no sign of life of its feed.

        Raises:
            Conflict: another writer was first.
        """
        versions, items = list(results), list(inbox)
        batch = self._seal(facility, origin, items, versions, to_micros(now))
        superseding = [version for version in versions if version.supersedes is not None]
        try:
            with writing(self._engine) as connection:
                _retire(connection, superseding, {version.result_id for version in versions})
                fresh = len(versions) + count_new_quarantined(connection, facility, items)
                _insert(connection, batch)
                if arrived:
                    count_items(connection, facility, origin.feed, fresh, to_micros(now))
                _follow_up(connection, facility, superseding)
        except IntegrityError as error:
            if is_unique_violation(error):
                raise Conflict from error
            raise
        except OperationalError as error:
            if is_deadlock(error):
                raise Conflict from error
            raise

    def _seal(
        self,
        facility: str,
        origin: Origin,
        items: list[InboxRow],
        versions: list[ResultRow],
        now: int,
    ) -> _Batch:
        outdated = {version.supersedes for version in versions}
        messages = [v.message for v in versions if v.message]
        messages += [v.farewell for v in versions if v.farewell]
        return _Batch(
            results=[self._result(facility, v, v.result_id not in outdated, now) for v in versions],
            certificates=[
                certificate_row(v.result_id, v.certificate, self._keyring)
                for v in versions
                if v.certificate
            ],
            owed=[(v.result_id,) for v in versions if v.owes_certificate],
            deliveries=[delivery_row(m, self._keyring, now, self._random) for m in messages],
            links=[
                (v.link_hash, v.result_id, to_micros(v.link_expires_at))
                for v in versions
                if v.link_hash is not None and v.link_expires_at is not None
            ],
            inbox=item_rows(facility, origin, items, self._keyring, now),
        )

    def _result(
        self,
        facility: str,
        row: ResultRow,
        is_current: bool,  # noqa: FBT001
        now: int,
    ) -> Values:
        result, keyring = row.result, self._keyring
        withdrawn = row.change is Change.WITHDRAWN
        person = result.person
        document = _foremost(person.documents)
        return (
            row.result_id,
            facility,
            result.accession,
            result.test.key,
            row.version,
            is_current,
            ReportStatus.WITHDRAWN if withdrawn else result.status,
            result.test.confidentiality,
            row.short_code,
            row.message is not None,
            row.content_mac,
            row.person_index,
            keyring.phone_index(person.phone) if person.phone else None,
            keyring.document_index(document) if document else None,
            to_micros(result.collected_at),
            to_micros(result.reported_at),
            now,
            keyring.seal(pack(result), PURPOSE, row.result_id),
        )


def _retire(connection: Connection, superseding: list[ResultRow], new: set[str]) -> None:
    """Earlier versions stop being current; whoever finds one retired came second."""
    for version in superseding:
        if version.supersedes in new:
            continue  # superseded within the batch: it is inserted as not current
        retire = update(RESULT).where(RESULT.c.id == version.supersedes, CURRENT)
        if connection.execute(retire.values(is_current=False)).rowcount != 1:
            raise Conflict


def _insert(connection: Connection, batch: _Batch) -> None:
    _RESULTS.run(connection, batch.results)
    CERTIFICATES.run(connection, batch.certificates)
    OWED.run(connection, batch.owed)
    insert_deliveries(connection, batch.deliveries)
    _LINKS.run(connection, batch.links)
    insert_items(connection, batch.inbox)


def _follow_up(connection: Connection, facility: str, superseding: list[ResultRow]) -> None:
    """What a new version changes about earlier ones, in the order in which they came."""
    for version in superseding:
        connection.execute(_UNSENT_BEFORE, {"earlier": version.supersedes})
        connection.execute(
            _ANNOUNCED_BEFORE, {"id": version.result_id, "earlier": version.supersedes}
        )
        connection.execute(
            _EARLIER_CERTIFICATES,
            {
                "standing": REVOKED if version.change is Change.WITHDRAWN else CORRECTED,
                "facility": facility,
                "accession": version.result.accession,
                "test": version.result.test.key,
                "version": version.version,
            },
        )


def _foremost(documents: tuple[Document, ...]) -> Document | None:
    return min(documents, key=lambda document: _DOCUMENT_ORDER[document.type], default=None)


def _stored(row: Row[Any]) -> Stored:
    return Stored(
        result_id=row.id,
        version=row.version,
        withdrawn=row.status == ReportStatus.WITHDRAWN,
        content_mac=row.content_mac,
        person_index=row.person_index,
        reported_at=to_moment(row.reported_at),
        announced=bool(row.announced),
    )
