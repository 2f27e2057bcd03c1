"""The shelf: results as citizens look at them, found by a number's blind index.

Only what is current is here, and nothing that was withdrawn. Who is on a number, in which
order and with what proof comes only from results that a door can show (classes A and B): the
others must leave no trace. A name is opened once per person, not once per result.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Engine, Row, Select, select, union, update

from core.citizens.codes import token_hash
from core.citizens.proof import Proof
from core.lookups.ports import Found
from core.ports import LinkTarget, PersonRow, ShelfItem
from core.results.catalogue import Catalogue, Confidentiality
from core.results.reported import ReportStatus
from core.results.result import Document, Result
from storage.certificates import CERTIFICATE_PURPOSE, COMPACT_PURPOSE
from storage.contents import PURPOSE, Contents, as_result, test_of, unpack
from storage.encryption import Keyring
from storage.engine import insert_into, writing
from storage.moments import maybe_micros, maybe_moment, to_micros
from storage.rows import CERTIFICATE, CURRENT, FACILITY, LINK, PROOF, RESULT, SHAREABLE

T = TypeVar("T")
MOST_OTHERS: Final = 30
"""Results beside those of a look-up that are opened; nobody has more within a rule's days."""

_NEVER: Final = 2**63 - 1
_SHOWN = RESULT.c.status != ReportStatus.WITHDRAWN
_SHOWABLE = frozenset({Confidentiality.A, Confidentiality.B})
_NEWEST_FIRST = (RESULT.c.collected_at.desc(), RESULT.c.stored_at.desc(), RESULT.c.id)
_ITEMS: Select[Any] = (
    select(
        RESULT,
        FACILITY.c.name.label("facility_name"),
        FACILITY.c.contact.label("facility_contact"),
        CERTIFICATE.c.uvci,
        CERTIFICATE.c.sealed.label("certificate"),
        CERTIFICATE.c.compact,
    )
    .join(FACILITY, FACILITY.c.code == RESULT.c.facility)
    .outerjoin(CERTIFICATE, CERTIFICATE.c.result_id == RESULT.c.id)
    .order_by(*_NEWEST_FIRST)
)
_PEOPLE: Select[Any] = (
    select(
        RESULT.c.id, RESULT.c.person_index, RESULT.c.test_key, RESULT.c.confidentiality,
        RESULT.c.sealed, PROOF.c.opened_at,
    )
    .outerjoin(
        PROOF,
        (PROOF.c.phone_index == RESULT.c.phone_index)
        & (PROOF.c.person_index == RESULT.c.person_index),
    )
    .where(CURRENT, _SHOWN)
    .order_by(*_NEWEST_FIRST)
)  # fmt: skip
_LINKED: Select[Any] = select(
    LINK.c.result_id, LINK.c.expires_at, RESULT.c.person_index, RESULT.c.sealed
).join(RESULT, RESULT.c.id == LINK.c.result_id)


class ShelfStore:
    """Implements ``core.ports.ResultShelf``."""

    def __init__(self, engine: Engine, keyring: Keyring, catalogue: Catalogue) -> None:
        self._engine = engine
        self._keyring = keyring
        self._catalogue = catalogue

    def people(self, phone: str) -> list[PersonRow]:
        """Persons with current, not withdrawn results of class A or B, by newest of those."""
        on_number = RESULT.c.phone_index == self._keyring.phone_index(phone)
        persons: dict[bytes, list[Row[Any]]] = {}
        for row in self._rows(_PEOPLE.where(on_number)):
            if self._class_of(row) in _SHOWABLE:  # the catalogue may be stricter by now
                persons.setdefault(row.person_index, []).append(row)
        return [self._person(rows) for rows in persons.values()]

    def of_person(self, phone: str, person_key: str) -> list[ShelfItem]:
        """That person's current results on this number, newest collection first."""
        person_index = _index_of(person_key)
        mine = (
            RESULT.c.phone_index == self._keyring.phone_index(phone),
            RESULT.c.person_index == person_index,
        )
        return [self._item(row) for row in self._rows(_ITEMS.where(CURRENT, _SHOWN, *mine))]

    def find(self, reference: str, facility: str | None = None) -> list[ShelfItem]:
        """Results by accession or short code (current ones), UVCI or result id (any version).

        For staff and commands: it asks for no phone and no proof, and finds withdrawn ones.

        Args:
            facility: Code; None for all, where accessions may repeat.
        """
        where: list[ColumnElement[bool]] = []
        if facility is not None:
            where.append(RESULT.c.facility == facility)
        for found in (
            _ITEMS.where(RESULT.c.id == reference, *where),
            _ITEMS.where(CERTIFICATE.c.uvci == reference, *where),
            _ITEMS.where(RESULT.c.accession == reference, CURRENT, *where),
            _ITEMS.where(RESULT.c.short_code == reference.upper(), CURRENT, *where),
        ):
            items = [self._item(row) for row in self._rows(found)]
            if items:
                return items
        return []

    def shareable(self, short_code: str, documents: Sequence[Document], most: int) -> Found:
        """Current results of class A by short code or documents, and those beside them.

        What is missing to ``most``, or to ``MOST_OTHERS``, is asked for and opened as a
        stand-in, so that one result and none at all cost the same.
        """
        indexes = [self._keyring.document_index(document) for document in documents]
        asked = RESULT.c.document_index.in_(indexes) if indexes else None
        where = RESULT.c.short_code == short_code if asked is None else asked
        rows = self._rows(_ITEMS.where(where, SHAREABLE, _SHOWN).limit(most))
        items = [self._item(row) for row in rows]
        self._open_stand_ins(2 * (most - len(items)))
        beside = self._rows(_beside(rows, indexes, most))
        others = [self._result(row) for row in beside[:MOST_OTHERS]]
        self._open_stand_ins(MOST_OTHERS - len(others))
        return Found(
            [each for each in items if each.result.test.confidentiality is Confidentiality.A],
            [each for each in others if each.test.confidentiality is Confidentiality.A],
            complete=len(beside) <= MOST_OTHERS,
        )

    def _open_stand_ins(self, count: int) -> None:
        for _ in range(count):
            self._keyring.open(self._stand_in, PURPOSE)

    @cached_property
    def _stand_in(self) -> bytes:
        """A sealed field as large as a result's or a certificate's usually is."""
        return self._keyring.seal(bytes(400), PURPOSE)

    def link(self, token: str, now: datetime) -> LinkTarget | None:
        """Where an SMS link leads; None when it never existed."""
        rows = self._rows(_LINKED.where(LINK.c.token_hash == token_hash(token)))
        if not rows:
            return None
        row = rows[0]
        return LinkTarget(
            phone=self._contents(row.result_id, row.sealed).phone,
            result_id=row.result_id,
            person_key=row.person_index.hex(),
            expired=row.expires_at <= to_micros(now),
        )

    def update_proof(
        self, phone: str, person_key: str, change: Callable[[Proof], tuple[Proof, T]]
    ) -> T:
        """Apply ``change`` to the locked row (a new one if none) and store what it returns."""
        keys = {
            "phone_index": self._keyring.phone_index(phone),
            "person_index": _index_of(person_key),
        }
        mine = [PROOF.c[name] == value for name, value in keys.items()]
        fresh = insert_into(self._engine, PROOF).values(**keys, failures=0)
        with writing(self._engine) as connection:
            connection.execute(fresh.on_conflict_do_nothing())
            row = connection.execute(select(PROOF).where(*mine).with_for_update()).one()
            after, outcome = change(_proof(row))
            connection.execute(update(PROOF).where(*mine).values(_proof_values(after)))
        return outcome

    def _rows(self, query: Select[Any]) -> list[Row[Any]]:
        with self._engine.connect() as connection:
            return list(connection.execute(query).all())

    def _contents(self, result_id: str, sealed: bytes) -> Contents:
        return unpack(self._keyring.open(sealed, PURPOSE, result_id))

    def _person(self, rows: list[Row[Any]]) -> PersonRow:
        newest = rows[0]
        person = self._contents(newest.id, newest.sealed).person()
        return PersonRow(
            key=newest.person_index.hex(),
            full_name=person.full_name,
            birth_date=person.birth_date,
            documents=person.documents,
            classes=frozenset(self._class_of(row).value for row in rows),
            opened=newest.opened_at is not None,
        )

    def _class_of(self, row: Row[Any]) -> Confidentiality:
        return test_of(self._catalogue, row.test_key, row.confidentiality).confidentiality

    def _result(self, row: Row[Any]) -> Result:
        return as_result(
            self._contents(row.id, row.sealed),
            accession=row.accession,
            test=test_of(self._catalogue, row.test_key, row.confidentiality),
            status=row.status,
            collected_at=row.collected_at,
            reported_at=row.reported_at,
        )

    def _item(self, row: Row[Any]) -> ShelfItem:
        return ShelfItem(
            result_id=row.id,
            short_code=row.short_code,
            version=row.version,
            result=self._result(row),
            facility_code=row.facility,
            facility_name=row.facility_name,
            facility_contact=row.facility_contact,
            certificate=self._certificate(row),
            uvci=row.uvci,
            compact=self._compact(row),
        )

    def _certificate(self, row: Row[Any]) -> bytes | None:
        if row.certificate is None:
            return None
        return self._keyring.open(row.certificate, CERTIFICATE_PURPOSE, row.uvci)

    def _compact(self, row: Row[Any]) -> bytes | None:
        if row.compact is None:
            return None
        return self._keyring.open(row.compact, COMPACT_PURPOSE, row.uvci)


def _beside(rows: Sequence[Row[Any]], asked: Sequence[bytes], most: int) -> Select[Any]:
    """The same statement whatever ``rows`` are: the lists are as long, with indexes of nobody.

    Two questions and not one with OR: SQLite uses partial indexes only so.
    """
    documents = {row.document_index for row in rows if row.document_index} | set(asked)
    since = min((row.collected_at for row in rows), default=_NEVER)
    of_people = [
        select(RESULT.c.id).where(column.in_(_as_many(values, count)), SHAREABLE)
        for column, values, count in (
            (RESULT.c.person_index, {row.person_index for row in rows}, most),
            (RESULT.c.document_index, documents, most + len(asked)),
        )
    ]
    return (
        select(RESULT)
        .where(RESULT.c.id.in_(union(*of_people)), _SHOWN, RESULT.c.collected_at >= since)
        .order_by(*_NEWEST_FIRST)
        .limit(MOST_OTHERS + 1)
    )


def _as_many(values: set[bytes], count: int) -> list[bytes]:
    return [*values, *[b""] * (count - len(values))]


def _index_of(person_key: str) -> bytes:
    try:
        return binascii.unhexlify(person_key)
    except (binascii.Error, ValueError):
        return b""  # what a page was sent may be anything; nobody has this index


def _proof(row: Row[Any]) -> Proof:
    return Proof(maybe_moment(row.opened_at), row.failures, maybe_moment(row.locked_until))


def _proof_values(proof: Proof) -> dict[str, object]:
    return {
        "opened_at": maybe_micros(proof.opened_at),
        "failures": proof.failures,
        "locked_until": maybe_micros(proof.locked_until),
    }
