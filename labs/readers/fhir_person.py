"""A FHIR Patient to ``ReportedPatient``, as sent.

Source: FHIR R4 Patient; draft VN Core identifier systems.
"""

from __future__ import annotations

from core.results.reported import Finding, ReportedDocument, ReportedPatient
from labs.readers import fhir_model as fhir
from labs.readers.fhir_resources import UnreadableResourceError
from labs.readers.text import on_one_line
from labs.readers.times import iso_birth_date
from labs.readers.vocabulary import document, shape

_SEXES = frozenset({"male", "female", "other"})


def patient_of(patient: fhir.Patient) -> ReportedPatient:
    """Read a Patient.

    Raises:
        UnreadableResourceError: the birth date is no date.
    """
    family, given = _name(patient.name or [])
    sex = patient.gender or ""
    return ReportedPatient(
        family,
        given,
        _birth_date(patient.birthDate or ""),
        sex if sex in _SEXES else "unknown",
        _phones(patient.telecom or []),
        _documents(patient.identifier or []),
    )


def _name(names: list[fhir.HumanName]) -> tuple[str, str]:
    """The official name, else the first that isn't an old one."""
    if not names:
        return "", ""
    current = [name for name in names if name.use != "old"] or names
    name = next((name for name in current if name.use == "official"), current[0])
    given = " ".join(part for written in name.given or () if (part := on_one_line(written)))
    family = on_one_line(name.family or "")
    return (family, given) if family or given else (on_one_line(name.text or ""), "")


def _birth_date(written: str) -> str:
    if not written.strip():
        return ""
    try:
        return iso_birth_date(written.strip())
    except ValueError as error:
        finding = Finding("unreadable_date", "Patient.birthDate", shape(written))
        raise UnreadableResourceError(finding) from error


def _phones(telecoms: list[fhir.Telecom]) -> tuple[str, ...]:
    phones = [t for t in telecoms if t.system in (None, "phone", "sms") and t.use != "old"]
    phones.sort(key=lambda telecom: telecom.use != "mobile")
    numbers = ((phone.value or "").removeprefix("tel:").strip() for phone in phones)
    with_digits = (number for number in numbers if any(c.isdigit() for c in number))
    return tuple(dict.fromkeys(with_digits))


def _documents(identifiers: list[fhir.Identifier]) -> tuple[ReportedDocument, ...]:
    found = (_document(identifier) for identifier in identifiers)
    return tuple(dict.fromkeys(each for each in found if each))


def _document(identifier: fhir.Identifier) -> ReportedDocument | None:
    kind = identifier.type or fhir.Concept()
    codes = [coding.code or "" for coding in kind.coding or ()] or [kind.text or ""]
    number, system = identifier.value or "", identifier.system or ""
    found = (document(code, system, number) for code in codes)
    return next((each for each in found if each), None)
