"""What FHIR concepts, numbers and lines say, as text and codes.

Source: FHIR R4 (4.0.1) CodeableConcept, Quantity, Observation.value[x].
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from core.results.reported import Coding, Member
from labs.readers import fhir_model as fhir
from labs.readers.text import seen
from labs.readers.vocabulary import system_name

# v2 table 0203: the laboratory's own number, an accession, the orderer's number.
_NUMBER_TYPES = ("FILL", "ACSN", "PLAC")
_YES_NO = {True: "positive", False: "negative"}


def texts(concept: fhir.Concept | None) -> list[str]:
    """Everything that a concept is called."""
    if concept is None:
        return []
    displays = [coding.display for coding in concept.coding or () if coding.display]
    return [concept.text, *displays] if concept.text else displays


def number(identifiers: list[fhir.Identifier] | None) -> str:
    """The laboratory's number before the orderer's, any other before none."""
    numbers: dict[str, str] = {}
    for identifier in identifiers or ():
        kind = identifier.type.coding if identifier.type else None
        for code in [coding.code or "" for coding in kind or ()] or [""]:
            numbers.setdefault(code, (identifier.value or "").strip())
    ranked = [numbers[kind] for kind in _NUMBER_TYPES if numbers.get(kind)]
    return next(iter([*ranked, *filter(None, numbers.values())]), "")


def codes_of(concept: fhir.Concept | None) -> tuple[Coding, ...]:
    """A concept's codes, the sender's order; a code without a display takes the text."""
    if concept is None:
        return ()
    return tuple(
        [
            _coding(coding.system or "", coding.code, coding.display or concept.text or "")
            for coding in concept.coding or ()
            if coding.code
        ]
    )


@lru_cache(maxsize=8192)
def _coding(system: str, code: str, display: str) -> Coding:
    """Cached: a laboratory has a few hundred codes and repeats them in every resource."""
    return Coding(system_name(system), code, seen(display))


def conclusion(report: fhir.DiagnosticReport) -> tuple[Member, ...]:
    """A report without lines says its result as coded conclusions."""
    codes = tuple(code for concept in report.conclusionCode or () for code in codes_of(concept))
    return (Member(codes_of(report.code), value_codes=codes),) if codes else ()


def has_value(line: fhir.Valued) -> bool:
    """Whether a line says anything."""
    value, codes = _value(line)
    return bool(value or codes)


def member_of(line: fhir.Valued) -> Member:
    """A line as it is judged and shown."""
    value, value_codes = _value(line)
    quantity = line.valueQuantity or fhir.Quantity()
    flags = [c.code for concept in line.interpretation or () for c in concept.coding or ()]
    return Member(
        codes_of(line.code),
        value,
        value_codes,
        seen(quantity.unit or quantity.code or ""),
        _range(line.referenceRange),
        next((flag for flag in flags if flag), ""),
    )


def _value(line: fhir.Valued) -> tuple[str, tuple[Coding, ...]]:
    if line.valueCodeableConcept is not None:
        codes = codes_of(line.valueCodeableConcept)
        return "" if codes else seen(line.valueCodeableConcept.text or ""), codes
    if line.valueQuantity is not None:
        return _quantity(line.valueQuantity), ()
    if line.valueBoolean is not None:
        return _YES_NO[line.valueBoolean], ()
    return seen(line.valueString or _number_text(line.valueInteger)), ()


def _quantity(quantity: fhir.Quantity | None) -> str:
    if quantity is None:
        return ""
    return f"{quantity.comparator or ''}{_number_text(quantity.value)}"


def _number_text(raw: msgspec.Raw) -> str:
    """The number as it was written; senders also put it between quotes."""
    text = bytes(raw).decode()
    return "" if text == "null" else text.strip('"')


def _range(ranges: list[fhir.Range] | None) -> str:
    if not ranges:
        return ""
    first = ranges[0]
    if first.text:
        return seen(first.text)
    low, high = _quantity(first.low), _quantity(first.high)
    return f"{low} - {high}" if low and high else f"≥ {low}" if low else f"≤ {high}" if high else ""
