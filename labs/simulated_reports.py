"""Write a simulated release as HL7 v2 or FHIR, as a laboratory system would.

Source: HL7 v2.5.1 ORU^R01; FHIR R4 Bundle of type collection; draft VN Core identifiers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from labs.simulated_people import Person

PANEL = "58410-2"
_NAMES = {
    "94500-6": "SARS-CoV-2 RNA (Realtime RT-PCR)",
    "94558-4": "SARS-CoV-2 Ag (test nhanh)",
    "75377-2": "Dengue NS1 Ag",
    "882-1": "Nhóm máu ABO và Rh",
    PANEL: "Tổng phân tích tế bào máu",
    "38379-4": "GeneXpert MTB/RIF",
}
_ANSWERS = {
    "260415000": "Không phát hiện",
    "260373001": "Phát hiện",
    "419984006": "Không xác định",
}
# LOINC, name, value, unit, range of the lines of the blood count.
_LINES = (
    ("6690-2", "Bạch cầu", "7.20", "10*9/L", "4.0 - 10.0"),
    ("789-8", "Hồng cầu", "4.65", "10*12/L", "3.9 - 5.4"),
    ("718-7", "Huyết sắc tố", "138", "g/L", "120 - 160"),
    ("777-3", "Tiểu cầu", "255", "10*9/L", "150 - 400"),
)
_SEXES = {"F": "female", "M": "male"}
_SID = "http://fhir.ehealth.gov.vn/core/sid/"


@dataclass(frozen=True, slots=True)
class Sample:
    """What was tested and what came out.

    Args:
        code: LOINC code of the test.
        answer: SNOMED CT code, or text for a blood group; unused for a panel.
    """

    code: str
    answer: str
    pooled: bool
    collected_at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """One report on its way out."""

    facility: str
    accession: str
    person: Person
    sample: Sample
    released_at: datetime
    corrected: bool = False


def as_hl7(release: Release, number: int) -> bytes:
    """An ORU^R01 message, CR between segments.

    Args:
        number: Control id of the message.
    """
    person, sample = release.person, release.sample
    status = "C" if release.corrected else "F"
    middle, _, given = person.given.partition(" ")
    phone = f"{person.phone}^PRN^{'CP' if person.phone.startswith('09') else 'PH'}"
    test = f"{sample.code}^{_NAMES[sample.code]}^LN"
    collected, released = _dtm(sample.collected_at), _dtm(release.released_at)
    specimen = "mẫu gộp" if sample.pooled else "258500001^Dịch phết mũi họng^SCT"
    header = (
        f"MSH|^~\\&|LIS|{release.facility}|KETQUA|SYT|{released}||ORU^R01^ORU_R01|{number}|P|2.5.1"
        "||||||UNICODE UTF-8"
    )
    identity = (
        f"PID|1||{_cx(person)}||{person.family}^{given}^{middle}||{person.birth_date:%Y%m%d}"
        f"|{person.sex}|||||{phone if person.phone else ''}"
    )
    segments = [
        header,
        identity,
        f"OBR|1||{release.accession}|{test}|||{collected}" + "|" * 15 + f"{released}|||{status}",
        *_hl7_lines(sample, test, status),
        f"SPM|1|||{specimen}" + "|" * 7 + f"{'L' if sample.pooled else 'P'}" + "|" * 6 + collected,
    ]
    return "\r".join([*segments, ""]).encode()


def _cx(person: Person) -> str:
    kind = "PPN" if person.foreign else "NI"
    return f"{person.document}^^^{'' if person.foreign else 'CCCD'}^{kind}"


def _dtm(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S%z}"


def _hl7_lines(sample: Sample, test: str, status: str) -> list[str]:
    if sample.code == PANEL:
        return [
            f"OBX|{n}|NM|{code}^{name}^LN||{value}|{unit}|{limits}|N|||{status}"
            for n, (code, name, value, unit, limits) in enumerate(_LINES, 1)
        ]
    if sample.answer in _ANSWERS:
        value = f"CWE|{test}||{sample.answer}^{_ANSWERS[sample.answer]}^SCT"
    else:
        value = f"ST|{test}||{sample.answer}"
    return [f"OBX|1|{value}||||||{status}"]


def as_fhir(release: Release) -> bytes:
    """A Bundle of report, patient, specimen and observations."""
    sample = release.sample
    status = "corrected" if release.corrected else "final"
    observations = _observations(sample, status)
    report: dict[str, object] = {
        "resourceType": "DiagnosticReport",
        "id": release.accession,
        "identifier": [{"value": release.accession}],
        "status": status,
        "code": _concept("http://loinc.org", sample.code, _NAMES[sample.code]),
        "subject": {"reference": "Patient/p"},
        "issued": release.released_at.isoformat(timespec="seconds"),
        "specimen": [{"reference": "Specimen/s"}],
        "result": [{"reference": f"Observation/{each['id']}"} for each in observations],
    }
    resources: list[dict[str, object]] = [
        report,
        _patient(release.person),
        _specimen(sample),
        *observations,
    ]
    entries = [{"fullUrl": f"{r['resourceType']}/{r['id']}", "resource": r} for r in resources]
    return msgspec.json.encode({"resourceType": "Bundle", "type": "collection", "entry": entries})


def _concept(system: str, code: str, text: str) -> dict[str, object]:
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def _patient(person: Person) -> dict[str, object]:
    kind = "passport_number" if person.foreign else "national_id"
    phone = {"system": "phone", "value": person.phone, "use": "mobile"}
    return {
        "resourceType": "Patient",
        "id": "p",
        "identifier": [{"system": f"{_SID}{kind}", "value": person.document}],
        "name": [{"use": "official", "family": person.family, "given": person.given.split()}],
        "telecom": [phone] if person.phone else [],
        "gender": _SEXES[person.sex],
        "birthDate": person.birth_date.isoformat(),
    }


def _specimen(sample: Sample) -> dict[str, object]:
    return {
        "resourceType": "Specimen",
        "id": "s",
        "type": {"text": "Mẫu gộp" if sample.pooled else "Dịch phết mũi họng"},
        "collection": {"collectedDateTime": sample.collected_at.isoformat(timespec="seconds")},
    }


def _observations(sample: Sample, status: str) -> list[dict[str, object]]:
    if sample.code != PANEL:
        return [_observation("o1", sample.code, _NAMES[sample.code], status, _answer(sample))]
    return [
        _observation(f"o{n}", code, name, status, _measured(value, unit, limits))
        for n, (code, name, value, unit, limits) in enumerate(_LINES, 1)
    ]


def _answer(sample: Sample) -> dict[str, object]:
    if sample.answer not in _ANSWERS:
        return {"valueString": sample.answer}
    concept = _concept("http://snomed.info/sct", sample.answer, _ANSWERS[sample.answer])
    return {"valueCodeableConcept": concept}


def _measured(value: str, unit: str, limits: str) -> dict[str, object]:
    quantity = {"value": msgspec.Raw(value.encode()), "unit": unit}
    return {"valueQuantity": quantity, "referenceRange": [{"text": limits}]}


def _observation(
    name: str, code: str, text: str, status: str, said: dict[str, object]
) -> dict[str, object]:
    return {
        "resourceType": "Observation",
        "id": name,
        "status": status,
        "code": _concept("http://loinc.org", code, text),
        "subject": {"reference": "Patient/p"},
    } | said
