"""What is sealed of a result: everything that it says about a person, as MessagePack.

The array's first element is the version of this layout; a new layout gets a new number and
the old one stays readable.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import msgspec

from core.results.catalogue import Catalogue, Confidentiality, TestDefinition, TestKind
from core.results.reported import DocumentType, ReportStatus
from core.results.result import Document, Outcome, Person, Result, Value
from storage.moments import to_moment

PURPOSE: Final = "result.sealed"
_LAYOUT: Final = 1
_encoder = msgspec.msgpack.Encoder()


class Contents(msgspec.Struct, array_like=True, frozen=True):
    """The sealed part of a result, in the order in which it is written."""

    layout: int
    outcome: Outcome
    family: str
    given: str
    birth_date: str
    sex: str
    phone: str
    documents: list[tuple[DocumentType, str]]
    values: list[tuple[str, str, str, str, str]]
    pooled: bool
    consent_to_contact: bool
    device: str

    def person(self) -> Person:
        """The person tested."""
        documents = tuple(Document(kind, number) for kind, number in self.documents)
        return Person(self.family, self.given, self.birth_date, self.sex, self.phone, documents)


_decoder = msgspec.msgpack.Decoder(Contents)


def pack(result: Result) -> bytes:
    """The bytes to be sealed."""
    person = result.person
    return _encoder.encode(
        (
            _LAYOUT,
            result.outcome,
            person.family,
            person.given,
            person.birth_date,
            person.sex,
            person.phone,
            [(document.type, document.number) for document in person.documents],
            [(v.name, v.value, v.unit, v.reference_range, v.abnormal) for v in result.values],
            result.pooled,
            result.consent_to_contact,
            result.device,
        )
    )


def unpack(plain: bytes) -> Contents:
    """Read opened bytes. Raises: msgspec.ValidationError, not for what ``pack`` wrote."""
    return _decoder.decode(plain)


def as_result(
    contents: Contents,
    *,
    accession: str,
    test: TestDefinition,
    status: str,
    collected_at: int,
    reported_at: int,
) -> Result:
    """The result as core knows it, from its sealed part and its columns."""
    return Result(
        accession=accession,
        test=test,
        status=ReportStatus(status),
        outcome=contents.outcome,
        person=contents.person(),
        collected_at=to_moment(collected_at),
        reported_at=to_moment(reported_at),
        values=tuple(Value(*value) for value in contents.values),
        pooled=contents.pooled,
        consent_to_contact=contents.consent_to_contact,
        device=contents.device,
    )


def test_of(catalogue: Catalogue, key: str, letter: str) -> TestDefinition:
    """The test of a stored result, never less confidential than when it was stored.

    A test that has since left the catalogue keeps its key as its name.
    """
    stored = Confidentiality(letter)
    try:
        test = catalogue.get(key)
    except KeyError:
        return TestDefinition(key, {"vi": key}, TestKind.QUALITATIVE, stored, "", frozenset())
    return replace(test, confidentiality=stored) if stored > test.confidentiality else test
