"""The compact profile: a certificate of at most 250 characters, for the smallest screens.

``KQ1:`` + base45(COSE_Sign1), uncompressed and untagged, with integer keys. It holds initials,
year of birth and the end of a document: enough to compare with an identity card, and never the
full name or number. It belongs to a full certificate, whose serial it repeats, and falls with it.
Source: docs/verifying.md (compact profile); docs/adr/0012-the-compact-code-has-its-own-column.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final

from core.certificates import base45, cbor
from core.certificates.claims import Claims, Kind, TestOutcome, TestType
from core.certificates.decode import (
    COMPACT,
    COMPACT_PREFIX,
    EXPIRES,
    ISSUED,
    ISSUER,
    Malformed,
    Step,
    Unverified,
    usable_second,
)
from core.certificates.issue import LIFETIME, eligible, has_dcc_entry, sign_all, validity
from core.certificates.payload import COUNTRY, SARS_COV_2
from core.certificates.signing import Signer
from core.certificates.transliteration import transliterate
from core.certificates.uvci import RANDOM_BYTES, new_uvci, serial_of
from core.results.catalogue import Confidentiality, TestKind
from core.results.reported import DocumentType
from core.results.result import Outcome, Person, Result

LONGEST: Final = 250
"""Characters with the prefix: at error correction L a symbol of at most version 8."""
MOST_INITIALS: Final = 6
DOCUMENT_END: Final = 3

_VERSION: Final = 1
_SHORTEST_DOCUMENT: Final = 6  # of a shorter one the end would be most of it
_LONGEST_WORD: Final = 24  # characters read of a facility's or test's code
_TESTS: Final = {TestKind.PCR: 1, TestKind.ANTIGEN: 2}
_TYPES: Final[dict[int | None, TestType]] = {1: TestType.PCR, 2: TestType.ANTIGEN}
_OUTCOMES: Final[dict[int | None, TestOutcome]] = {0: TestOutcome.NEGATIVE, 1: TestOutcome.POSITIVE}
_DOCUMENT_ORDER: Final = {kind: place for place, kind in enumerate(DocumentType)}
_NOT_WRITTEN: Final = re.compile(r"[^A-Z0-9]")


class Key(IntEnum):
    """Keys of claim −261."""

    VERSION = 0
    INITIALS = 1
    BIRTH_YEAR = 2
    DOCUMENT_END = 3
    TEST = 4
    OUTCOME = 5
    COLLECTED = 6
    FACILITY = 7
    SERIAL = 8


@dataclass(frozen=True, slots=True)
class CompactFacts:
    """What a compact certificate says.

    Args:
        birth_year: 0 where none is known.
        document_end: Empty where there is no document long enough.
        test: 1 for a SARS-CoV-2 PCR, 2 for its antigen test, else the catalogue's key.
        facility: Code of the facility.
    """

    initials: str
    birth_year: int
    document_end: str
    test: int | str
    positive: bool
    collected_at: datetime
    facility: str


@dataclass(frozen=True, slots=True)
class CompactCertificate:
    """A signed compact certificate."""

    cose: bytes
    signature: bytes


def compact_facts_of(result: Result, facility: str) -> CompactFacts | None:
    """What the compact certificate of ``result`` says; None where it has none.

    Only of class A, negative or positive, and only where something tells whose it is.
    """
    of_class_a = result.test.confidentiality is Confidentiality.A
    if not (of_class_a and eligible(result)) or result.outcome is Outcome.REPORTED:
        return None
    person = result.person
    facts = CompactFacts(
        initials=initials(person.full_name),
        birth_year=int(person.birth_date[:4] or 0),
        document_end=_document_end(person),
        test=_TESTS[result.test.kind] if has_dcc_entry(result.test) else result.test.key,
        positive=result.outcome is Outcome.POSITIVE,
        collected_at=result.collected_at,
        facility=facility,
    )
    return facts if facts.initials or facts.document_end else None


def initials(full_name: str) -> str:
    """``Nguyễn Văn Ánh`` → ``NVA``: the first letters of its words, at most six."""
    words = transliterate(full_name).split("<")
    return "".join(word[:1] for word in words)[:MOST_INITIALS]


def _document_end(person: Person) -> str:
    documents = sorted(person.documents, key=lambda each: _DOCUMENT_ORDER[each.type])
    number = _NOT_WRITTEN.sub("", documents[0].number.upper()) if documents else ""
    return number[-DOCUMENT_END:] if len(number) >= _SHORTEST_DOCUMENT else ""


def issue_compact(
    facts: CompactFacts,
    signer: Signer,
    *,
    uvci: str,
    issued_at: datetime,
    lifetime: timedelta = LIFETIME,
) -> CompactCertificate | None:
    """Sign a compact certificate; None where it would be too long (a long code of a test).

    Args:
        uvci: Of the full certificate, made here.
        issued_at: Aware time; whole seconds are kept.

    Raises:
        SigningUnavailable: ``issued_at`` is outside the signer's validity, or the key away.
    """
    times = validity(int(issued_at.timestamp()), lifetime)
    (signed,) = sign_all([compact_claims_of(facts, uvci, times)], signer, times[0])
    return compact_issued(*signed)


def compact_claims_of(
    facts: CompactFacts, uvci: str, times: tuple[datetime, datetime]
) -> Mapping[int, object]:
    """The claims of a compact certificate; ``times`` as ``issue.validity`` says."""
    return {
        ISSUER: COUNTRY,
        EXPIRES: int(times[1].timestamp()),
        ISSUED: int(times[0].timestamp()),
        COMPACT: _claim(facts, serial_of(uvci)),
    }


def compact_issued(cose: bytes, signature: bytes) -> CompactCertificate | None:
    """The certificate of a message that ``issue.sign_all`` has signed; None if it is too long."""
    made = CompactCertificate(cose, signature)
    return made if len(as_compact_text(cose)) <= LONGEST else None


def as_compact_text(cose: bytes) -> str:
    """The text of a QR code: ``KQ1:`` and the message in base45."""
    return COMPACT_PREFIX + base45.encode(cose)


def _claim(facts: CompactFacts, serial: bytes) -> dict[int, object]:
    return {
        Key.VERSION: _VERSION,
        Key.INITIALS: facts.initials,
        Key.BIRTH_YEAR: facts.birth_year,
        Key.DOCUMENT_END: facts.document_end,
        Key.TEST: facts.test,
        Key.OUTCOME: int(facts.positive),
        Key.COLLECTED: int(facts.collected_at.timestamp()),
        Key.FACILITY: facts.facility,
        Key.SERIAL: serial,
    }


def read_compact(verified: Unverified) -> Claims | Malformed:
    """Read the claims of compact contents whose signature has been verified.

    Args:
        verified: Contents that the caller has verified; nothing here checks that.
    """
    issued, expires = verified.issued_second, verified.expires_second
    if issued is None or expires is None:
        return Malformed(Step.CLAIMS, "unusable_time")
    claim = verified.contents.get(COMPACT)
    if not cbor.is_map(claim) or claim.get(Key.VERSION) != _VERSION:
        return Malformed(Step.CLAIMS, "no_entry")
    who = (_word(claim, Key.INITIALS, MOST_INITIALS), _word(claim, Key.DOCUMENT_END, DOCUMENT_END))
    if not any(who):
        return Malformed(Step.CLAIMS, "no_name")
    times = (datetime.fromtimestamp(issued, UTC), datetime.fromtimestamp(expires, UTC))
    return _claims(claim, who, str(verified.contents.get(ISSUER, "")), times)


def _claims(
    claim: Mapping[object, object],
    who: tuple[str, str],
    country: str,
    times: tuple[datetime, datetime],
) -> Claims:
    collected = usable_second(claim.get(Key.COLLECTED))
    kind = _TYPES.get(_number(claim.get(Key.TEST)), TestType.OTHER)
    uvci = _uvci(claim.get(Key.SERIAL))
    return Claims(
        family_name="",
        given_name="",
        family_name_std="",
        given_name_std="",
        birth_date=_year(claim.get(Key.BIRTH_YEAR)),
        kind=Kind.TEST,
        kinds=frozenset((Kind.TEST,)),
        target="" if kind is TestType.OTHER else SARS_COV_2,
        test_type=kind,
        outcome=_OUTCOMES.get(_number(claim.get(Key.OUTCOME)), TestOutcome.UNKNOWN),
        collected_at=None if collected is None else datetime.fromtimestamp(collected, UTC),
        centre=_word(claim, Key.FACILITY, _LONGEST_WORD),
        country=country[:2],
        issuer="",
        uvci=uvci,
        uvcis=(uvci,) if uvci else (),
        issued_at=times[0],
        expires_at=times[1],
        test=_word(claim, Key.TEST, _LONGEST_WORD),
        initials=who[0],
        document_end=who[1],
    )


def _word(claim: Mapping[object, object], key: Key, longest: int) -> str:
    value = claim.get(key)
    return value.strip()[:longest] if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _year(value: object) -> str:
    year = _number(value)
    return str(year) if year and 1000 <= year <= 9999 else ""  # noqa: PLR2004  (four digits)


def _uvci(serial: object) -> str:
    """The identifier of the full certificate: both are revoked by it."""
    return new_uvci(serial) if isinstance(serial, bytes) and len(serial) == RANDOM_BYTES else ""
