"""Distinct results: HL7 v2 messages of about 650 bytes, and FHIR Bundles of about 1.9 KB."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi")
_GIVENS = ("An", "Bình", "Châu", "Dũng", "Giang", "Hạnh", "Khánh", "Lộc", "Minh", "Ngọc")
_LOINC = "94500-6"
_TEST_NAME = "SARS-CoV-2 RNA Resp Ql NAA+probe"
_ANSWERS = {"260415000": "Not detected", "260373001": "Detected"}
_numbers = count(1)
_random = random.Random(7)


@dataclass(frozen=True, slots=True)
class Case:
    """One result with a name, number, time and outcome of its own."""

    number: int
    family: str
    given: str
    born: datetime
    document: str
    phone: str
    answer: str
    collected: datetime
    sent: datetime


def messages(amount: int) -> list[bytes]:
    """``amount`` distinct ORU^R01 messages."""
    now = datetime.now(UTC)
    return [_message(_case(now)) for _ in range(amount)]


def bundles(amount: int) -> list[bytes]:
    """``amount`` distinct Bundles of report, observation, patient and specimen, a line each."""
    now = datetime.now(UTC)
    return [_bundle(_case(now)) for _ in range(amount)]


def search_pages(amount: int) -> list[bytes]:
    """``amount`` distinct answers of a FHIR server to a search, each with one new report."""
    now = datetime.now(UTC)
    return [_page(_case(now)) for _ in range(amount)]


def _case(now: datetime) -> Case:
    number, below = next(_numbers), _random.randrange
    return Case(
        number=number,
        family=_random.choice(_FAMILIES),
        given=_random.choice(_GIVENS),
        born=datetime(1940 + below(75), 1 + below(12), 1 + below(28), tzinfo=UTC),
        document=f"0{below(10**11):011d}",
        phone=f"09{below(10**8):08d}",
        answer="260415000" if number % 9 else "260373001",
        collected=now - timedelta(minutes=60 + below(1140)),
        sent=now,
    )


def _message(case: Case) -> bytes:
    n, test = case.number, f"{_LOINC}^{_TEST_NAME}^LN"
    name = f"{case.family}^{case.given}^Văn^^^^L"
    at, sent = f"{case.collected:%Y%m%d%H%M}+0000", f"{case.sent:%Y%m%d%H%M%S}+0000"
    ids = f"MR{n:07d}^^^BVNDGD^MR~{case.document}^^^CCCD^NI"
    address, phone = f"1 Duong So {n}^^HCM", f"^PRN^CP^^^^{case.phone}"
    value = f"{case.answer}^{_ANSWERS[case.answer]}^SCT"
    segments = (
        f"MSH|^~\\&|LIS|BVA|KETQUA|SYT|{sent}||ORU^R01^ORU_R01|M{n}|P|2.5.1|||||VNM|UTF-8",
        f"PID|1||{ids}||{name}||{case.born:%Y%m%d}|F|||{address}||{phone}",
        f"ORC|RE|O{n}|F{n:09d}|||||||||1234567893^BS^A",
        f"OBR|1|O{n}|F{n:09d}|{test}|||{at}|||||||||||||||{sent}|||F",
        f"OBX|1|CWE|{test}||{value}||||||F|||{at}",
        f"SPM|1|S{n}||258500001^Nasopharyngeal swab^SCT|||||||||||||{at}",
    )
    return ("\r".join(segments) + "\r").encode()


def _bundle(case: Case) -> bytes:
    resources = (_report(case), _observation(case), _patient(case), _specimen(case))
    entries = [
        {"fullUrl": f"http://lis.example/fhir/{each['resourceType']}/{each['id']}"}
        | {"resource": each}
        for each in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return msgspec.json.encode(bundle) + b"\n"


def _page(case: Case) -> bytes:
    changed = {"meta": {"lastUpdated": _instant(case.sent)}}
    included = (_observation(case), _patient(case), _specimen(case))
    entries = [{"resource": _report(case) | changed, "search": {"mode": "match"}}]
    entries += [{"resource": each, "search": {"mode": "include"}} for each in included]
    page = {"resourceType": "Bundle", "type": "searchset", "total": 1, "entry": entries}
    return msgspec.json.encode(page)


def _report(case: Case) -> dict[str, object]:
    n = case.number
    filler = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "FILL"}]
    }
    return {
        "resourceType": "DiagnosticReport",
        "id": f"r{n}",
        "identifier": [{"type": filler, "system": "http://lis.example", "value": f"R{n:09d}"}],
        "status": "final",
        "code": _concept("http://loinc.org", _LOINC, _TEST_NAME),
        "subject": {"reference": f"Patient/p{n}"},
        "effectiveDateTime": _instant(case.collected),
        "issued": _instant(case.sent),
        "specimen": [{"reference": f"Specimen/s{n}"}],
        "result": [{"reference": f"Observation/o{n}"}],
    }


def _observation(case: Case) -> dict[str, object]:
    answer = _concept("http://snomed.info/sct", case.answer, _ANSWERS[case.answer])
    return {
        "resourceType": "Observation",
        "id": f"o{case.number}",
        "status": "final",
        "code": _concept("http://loinc.org", _LOINC, _TEST_NAME),
        "subject": {"reference": f"Patient/p{case.number}"},
        "effectiveDateTime": _instant(case.collected),
        "valueCodeableConcept": answer,
        "specimen": {"reference": f"Specimen/s{case.number}"},
    }


def _patient(case: Case) -> dict[str, object]:
    system = "http://fhir.ehealth.gov.vn/core/sid/national_id"
    return {
        "resourceType": "Patient",
        "id": f"p{case.number}",
        "identifier": [{"system": system, "value": case.document}],
        "name": [{"use": "official", "family": case.family, "given": ["Văn", case.given]}],
        "telecom": [{"system": "phone", "value": case.phone, "use": "mobile"}],
        "gender": "female",
        "birthDate": f"{case.born:%Y-%m-%d}",
    }


def _specimen(case: Case) -> dict[str, object]:
    return {
        "resourceType": "Specimen",
        "id": f"s{case.number}",
        "type": _concept("http://snomed.info/sct", "258500001", "Nasopharyngeal swab"),
        "subject": {"reference": f"Patient/p{case.number}"},
        "collection": {"collectedDateTime": _instant(case.collected)},
    }


def _concept(system: str, code: str, display: str) -> dict[str, object]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
