"""Certificates as they are stored: sealed full and compact, with what revocation must find.

Intake writes them in its own transaction; here are the row itself, and the results whose
certificate is still owed. A result is locked while its certificate is added, so that a
correction which comes at the same time finds the certificate and marks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, delete, func, select
from sqlalchemy.exc import OperationalError

from core.ports import CertificateRow, OwedItem
from core.results.catalogue import Catalogue
from core.results.facility import DateOrder, Facility, Stage
from storage.bulk import BulkInsert
from storage.bulk import Row as Values
from storage.contents import PURPOSE, as_result, test_of, unpack
from storage.encryption import Keyring
from storage.engine import is_deadlock, writing
from storage.moments import to_micros
from storage.rows import CERTIFICATE, CURRENT, FACILITY, OWED_CERTIFICATE, RESULT
from storage.standings import GOOD

CERTIFICATE_PURPOSE: Final = "certificate.sealed"
COMPACT_PURPOSE: Final = "certificate.compact"
CERTIFICATES: Final = BulkInsert(
    CERTIFICATE,
    ("uvci", "result_id", "kid", "signature", "issued_at", "expires_at", "standing", "sealed",
     "compact", "compact_signature"),
)  # fmt: skip
OWED: Final = BulkInsert(OWED_CERTIFICATE, ("result_id",))
_FACILITY: Final = ("name", "short_name", "zone", "contact", "date_order", "stage")
_WAITING: Select[Any] = (
    select(RESULT, *(FACILITY.c[name].label(f"facility_{name}") for name in _FACILITY))
    .join(OWED_CERTIFICATE, OWED_CERTIFICATE.c.result_id == RESULT.c.id)
    .join(FACILITY, FACILITY.c.code == RESULT.c.facility)
    .where(CURRENT)
    .order_by(RESULT.c.id)
)


def certificate_row(result_id: str, certificate: CertificateRow, keyring: Keyring) -> Values:
    """A certificate in the order of ``CERTIFICATES``' columns."""
    compact = certificate.compact
    return (
        certificate.uvci,
        result_id,
        certificate.kid,
        certificate.signature,
        to_micros(certificate.issued_at),
        to_micros(certificate.expires_at),
        GOOD,
        keyring.seal(certificate.cose, CERTIFICATE_PURPOSE, certificate.uvci),
        keyring.seal(compact, COMPACT_PURPOSE, certificate.uvci) if compact else None,
        certificate.compact_signature,
    )


class OwedCertificateStore:
    """Implements ``core.ports.OwedCertificates``."""

    def __init__(self, engine: Engine, keyring: Keyring, catalogue: Catalogue) -> None:
        self._engine = engine
        self._keyring = keyring
        self._catalogue = catalogue

    def count(self) -> int:
        """How many current results wait."""
        waiting = select(func.count()).select_from(_WAITING.order_by(None).subquery())
        with self._engine.connect() as connection:
            return int(connection.execute(waiting).scalar_one())

    def next(self, limit: int, after: str = "") -> list[OwedItem]:
        """Up to ``limit`` of them by id, those after ``after``."""
        found = _WAITING.where(RESULT.c.id > after).limit(limit)
        with self._engine.connect() as connection:
            return [self._item(row) for row in connection.execute(found)]

    def settle(self, certified: Mapping[str, CertificateRow | None]) -> int:
        """Store certificates by ``result_id``; says how many were stored.

        Whoever deletes the row that owes it stores the certificate: another process that
        comes second finds none. A batch that meets intake's locks is left for the next round.
        """
        try:
            return self._settled(certified)
        except OperationalError as error:
            if is_deadlock(error):
                return 0
            raise

    def _settled(self, certified: Mapping[str, CertificateRow | None]) -> int:
        with writing(self._engine) as connection:
            mine = [key for key in sorted(certified) if claim_owed(connection, key)]
            rows = [
                certificate_row(key, certificate, self._keyring)
                for key in mine
                if (certificate := certified[key])
            ]
            CERTIFICATES.run(connection, rows)
        return len(rows)

    def _item(self, row: Row[Any]) -> OwedItem:
        contents = unpack(self._keyring.open(row.sealed, PURPOSE, row.id))
        result = as_result(
            contents,
            accession=row.accession,
            test=test_of(self._catalogue, row.test_key, row.confidentiality),
            status=row.status,
            collected_at=row.collected_at,
            reported_at=row.reported_at,
        )
        return OwedItem(row.id, result, _facility(row))


def claim_owed(connection: Connection, result_id: str) -> bool:
    """Lock the result, take its debt away, and say whether it was still to be certified."""
    locked = select(RESULT.c.id).where(RESULT.c.id == result_id, CURRENT).with_for_update()
    is_current = connection.execute(locked).first() is not None
    owing = delete(OWED_CERTIFICATE).where(OWED_CERTIFICATE.c.result_id == result_id)
    return connection.execute(owing).rowcount == 1 and is_current


def _facility(row: Row[Any]) -> Facility:
    return Facility(
        row.facility,
        row.facility_name,
        row.facility_short_name,
        row.facility_zone,
        row.facility_contact,
        DateOrder(row.facility_date_order),
        Stage(row.facility_stage),
    )
