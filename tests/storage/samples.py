"""Synthetic people and results for the tests of this room; nobody here exists."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from core.citizens.codes import token_hash
from core.messages.delivery import DeliveryDraft, Priority
from core.messages.templates import Template
from core.ports import CertificateRow, InboxRow, ResultRow
from core.results.catalogue import Catalogue, Confidentiality, TestDefinition, TestKind
from core.results.facility import Facility
from core.results.reported import DocumentType, ReportStatus
from core.results.result import Document, Outcome, Person, Result, Value
from core.results.versions import Change
from storage.encryption import Keyring

NOON = datetime(2026, 3, 4, 5, 0, 0, 123456, tzinfo=UTC)
PHONE = "+84900001234"
OTHER_PHONE = "+84900009876"
BINH = Person(
    family="Trần",
    given="Thị Ngọc Ánh",
    birth_date="1987-06-05",
    sex="female",
    phone=PHONE,
    documents=(Document(DocumentType.NATIONAL_ID, "079087001234"),),
)
UNIT = Facility("BVTHU", "Bệnh viện Thử nghiệm Sao Mai", "BV Sao Mai", contact="028 0000 0000")
OTHER_UNIT = Facility("PKTHU", "Phòng khám Thử nghiệm Bình Minh", "PK Binh Minh")


def definition(key: str, letter: str, kind: TestKind = TestKind.QUALITATIVE) -> TestDefinition:
    return TestDefinition(
        key, {"vi": f"Xét nghiệm {key}"}, kind, Confidentiality(letter), "", frozenset()
    )


PCR = definition("SARSCOV2-PCR", "A", TestKind.PCR)
DENGUE = definition("DENGUE-NS1", "B")
TB = definition("TB-GENEXPERT", "C")
HIV = definition("HIV", "D")
CATALOGUE = Catalogue([PCR, DENGUE, TB, HIV])


def keyring(active: str = "k1") -> Keyring:
    keys = {name: sha256(name.encode()).digest() for name in ("k1", "k2")}
    return Keyring(keys, active, sha256(b"index").digest())


KEYS = keyring()


def result(accession: str = "X-1", **changes: Any) -> Result:
    plain = Result(
        accession=accession,
        test=PCR,
        status=ReportStatus.FINAL,
        outcome=Outcome.NEGATIVE,
        person=BINH,
        collected_at=NOON - timedelta(hours=5),
        reported_at=NOON - timedelta(hours=1),
        values=(Value("Ct", "38.2", "cycles", "> 37", "N"),),
        device="Bộ kit Sao Mai 01",
    )
    return replace(plain, **changes)


def certificate(result_id: str) -> CertificateRow:
    return CertificateRow(
        uvci=f"URN:UVCI:01:VN:{result_id.upper()}#A",
        kid=b"kid12345",
        cose=f"a COSE message about {BINH.full_name} of {result_id}".encode() * 6,
        signature=sha256(result_id.encode()).digest() * 2,
        issued_at=NOON,
        expires_at=NOON + timedelta(days=180),
    )


def message(result_id: str, version: int = 1, to: str = PHONE) -> DeliveryDraft:
    return DeliveryDraft(
        dedupe_key=f"result:{result_id}:{version}",
        template=Template.READY,
        to=to,
        text=f"So Y te: Da co ket qua, xem {token(result_id)}",
        priority=Priority.RESULT,
        result_id=result_id,
    )


def token(result_id: str) -> str:
    return sha256(result_id.encode()).hexdigest()[:22]


def version(
    result_id: str,
    content: Result | None = None,
    *,
    number: int = 1,
    supersedes: str | None = None,
    change: Change = Change.ACCEPTED,
    certified: bool = True,
    told: bool = True,
    keys: Keyring = KEYS,
) -> ResultRow:
    content = content or result()
    person = content.person
    return ResultRow(
        result_id=result_id,
        version=number,
        supersedes=supersedes,
        result=content,
        change=change,
        short_code="ABCDEFG0",
        content_mac=keys.content(repr(content).encode()),
        person_index=keys.person(person.full_name, person.birth_date),
        certificate=certificate(result_id) if certified else None,
        message=message(result_id, number, person.phone) if told and person.phone else None,
        link_hash=token_hash(token(result_id)) if told else None,
        link_expires_at=NOON + timedelta(days=7) if told else None,
    )


def item(
    index: int = 0,
    raw: bytes = b"",
    *,
    change: Change = Change.ACCEPTED,
    result_id: str | None = None,
    **changes: Any,
) -> InboxRow:
    raw = raw or f"PID|{index}|{BINH.full_name}|{PHONE}".encode()
    row = InboxRow(
        index=index,
        part=index,
        row=None,
        raw=raw,
        raw_index=KEYS.raw(b"%d:" % index + raw),
        change=change,
        errors=(),
        warnings=(),
        result_id=result_id,
    )
    return replace(row, **changes)
