"""One FHIR report or lone Observation, with everything that it refers to, to a result.

Source: FHIR R4 (4.0.1) DiagnosticReport, Observation, Specimen, Consent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from core.results.reported import (
    Coding,
    Finding,
    Member,
    NotAResult,
    ReportedResult,
    ReportStatus,
    Unreadable,
)
from labs.readers import fhir_model as fhir
from labs.readers.fhir_person import patient_of
from labs.readers.fhir_resources import Resource, ResourceSet, UnreadableResourceError
from labs.readers.statuses import GONE, OBSERVATION, REPORT, LineStatus, overall
from labs.readers.times import fhir_time
from labs.readers.vocabulary import QUESTIONS, says_pooled, shape, system_name

Zone = ZoneInfo
Content = ReportedResult | Unreadable | NotAResult
_DEEPEST_PANEL = 4
# v2 table 0203: the laboratory's own number, an accession, the orderer's number.
_NUMBER_TYPES = ("FILL", "ACSN", "PLAC")
_YES_NO = {True: "positive", False: "negative"}


@dataclass(frozen=True, slots=True)
class Source:
    """What a report is read from."""

    resources: ResourceSet
    zone: Zone
    warnings: tuple[Finding, ...]


class Reading:
    """One item being read; ``used`` collects the resources that it needed."""

    def __init__(self, source: Source) -> None:
        """Start with nothing used."""
        self.source = source
        self.resources = source.resources
        self.used: list[Resource] = []

    def report(self, report: fhir.DiagnosticReport) -> ReportedResult:
        """Read a DiagnosticReport.

        Raises:
            UnreadableResourceError: something that it needs can't be read or found.
        """
        self.resources = self.resources.with_contained(report.contained)
        own = REPORT.get(report.status or "", ReportStatus.PRELIMINARY)
        lines = self.lines(report, own)
        orders = self.take_all(report.basedOn)
        specimens = self.take_all(report.specimen) or self.specimens_of(lines)
        patient = self.patient([report.subject, *(line.subject for line in lines)])
        return ReportedResult(
            accession=_number(report.identifier) or self.order_number(orders) or report.id or "",
            status=overall(own if report.status else None, _statuses(lines)),
            codes=_codes(report.code),
            members=tuple(self.members(lines)) or _conclusion(report),
            patient=patient_of(patient.read(fhir.Patient)) if patient else None,
            collected_at=self.collected_at(specimens, [report, *lines]),
            reported_at=self.issued([report, *lines]),
            pooled=self.pooled(specimens, report.code),
            consent_to_contact=self.consented(patient),
            device=self.device(lines),
            findings=self.source.warnings,
        )

    def alone(self, resource: Resource) -> ReportedResult:
        """Read an Observation that is a report of its own.

        Raises:
            UnreadableResourceError: something that it needs can't be read or found.
        """
        observation = resource.read(fhir.Observation)
        report = fhir.DiagnosticReport(
            id=observation.id,
            identifier=observation.identifier,
            code=observation.code,
            subject=observation.subject,
            basedOn=observation.basedOn,
            contained=observation.contained,
            specimen=[observation.specimen] if observation.specimen else None,
        )
        self._alone = self.panel(resource, 0)
        return self.report(report)

    _alone: Sequence[fhir.Observation] = ()

    def take(self, reference: fhir.Reference | None) -> Resource | None:
        """What ``reference`` names, remembered as used."""
        found = self.resources.find(reference)
        if found is not None and not (reference and (reference.reference or "").startswith("#")):
            self.used.append(found)
        return found

    def take_all(self, references: Iterable[fhir.Reference] | None) -> list[Resource]:
        """Those of ``references`` that are there."""
        found = (self.take(reference) for reference in references or ())
        return [resource for resource in found if resource]

    def lines(self, report: fhir.DiagnosticReport, own: ReportStatus) -> list[fhir.Observation]:
        """The report's observations, panels opened; none may be missing."""
        lines = list(self._alone)
        for reference in report.result or ():
            found = self.take(reference)
            if found is not None:
                lines.extend(self.panel(found, 0))
            elif own is not ReportStatus.WITHDRAWN:
                finding = Finding("missing_reference", "DiagnosticReport.result")
                raise UnreadableResourceError(finding)
        return [line for line in lines if not _asked(line)]

    def panel(self, resource: Resource, depth: int) -> list[fhir.Observation]:
        """An observation and the members that it names."""
        observation = resource.read(fhir.Observation)
        found = [observation]
        if depth < _DEEPEST_PANEL:
            for member in self.take_all(observation.hasMember):
                found.extend(self.panel(member, depth + 1))
        return found

    def members(self, lines: list[fhir.Observation]) -> Iterable[Member]:
        """Every line that still stands; a heading without a value is none."""
        for line in lines:
            if OBSERVATION.get(line.status or "") in GONE:
                continue
            if has_value(line) or not (line.component or line.hasMember):
                yield _member(line)
            yield from (_member(part) for part in line.component or ())

    def patient(self, subjects: Iterable[fhir.Reference | None]) -> Resource | None:
        """The one patient that the report and its lines are about."""
        people = {id(r): r for r in self.take_all(s for s in subjects if s) if _is_patient(r)}
        if len(people) > 1:
            raise UnreadableResourceError(Finding("contradicting_patients", "subject"))
        return next(iter(people.values()), None)

    def order_number(self, orders: list[Resource]) -> str:
        """The number of the order, where the report has none."""
        requests = (order for order in orders if order.kind == "ServiceRequest")
        return next(
            (n for order in requests if (n := _number(order.read(fhir.ServiceRequest).identifier))),
            "",
        )

    def specimens_of(self, lines: list[fhir.Observation]) -> list[Resource]:
        """Specimens that only the lines name."""
        return self.take_all(line.specimen for line in lines if line.specimen)

    def collected_at(
        self,
        specimens: list[Resource],
        sources: Sequence[fhir.DiagnosticReport | fhir.Observation],
    ) -> datetime | None:
        """The specimen's time (a period: its beginning), else when the finding held true."""
        for specimen in specimens:
            if specimen.kind == "Specimen" and (taken := specimen.read(fhir.Specimen).collection):
                written = taken.collectedDateTime or _start(taken.collectedPeriod)
                if written:
                    return self.time(written, "Specimen.collection")
        for source in sources:
            written = source.effectiveDateTime or _start(source.effectivePeriod)
            if not written and isinstance(source, fhir.Observation):
                written = source.effectiveInstant
            if written:
                return self.time(written, f"{type(source).__name__}.effective")
        return None

    def issued(
        self, sources: Sequence[fhir.DiagnosticReport | fhir.Observation]
    ) -> datetime | None:
        """When it was released: the report's word first."""
        for source in sources:
            if source.issued:
                return self.time(source.issued, f"{type(source).__name__}.issued")
        return None

    def time(self, written: str, where: str) -> datetime:
        """``written`` as aware UTC; ``where`` is what the sender would call its place."""
        try:
            return fhir_time(written.strip(), self.source.zone)
        except ValueError as error:
            finding = Finding("unreadable_date", where, shape(written))
            raise UnreadableResourceError(finding) from error

    def pooled(self, specimens: list[Resource], code: fhir.Concept | None) -> bool:
        """A specimen of several parents, or one that is called a pool."""
        named = _texts(code)
        for resource in specimens:
            if resource.kind == "Specimen":
                specimen = resource.read(fhir.Specimen)
                if len(specimen.parent or ()) > 1:
                    return True
                named += _texts(specimen.type)
        return any(says_pooled(text) for text in named)

    def consented(self, patient: Resource | None) -> bool:
        """An active Consent of this patient that doesn't deny."""
        if patient is None:
            return False
        consents = [r for r in self.resources.consents if self.permits(r, patient)]
        self.used += consents
        return bool(consents)

    def permits(self, resource: Resource, patient: Resource) -> bool:
        """Whether this Consent is in force, this patient's, and no denial."""
        consent = resource.read(fhir.Consent)
        denied = consent.provision is not None and consent.provision.type == "deny"
        theirs = self.resources.find(consent.patient) is patient
        return consent.status == "active" and theirs and not denied

    def device(self, lines: list[fhir.Observation]) -> str:
        """The kit's name: the Device's, else the method's."""
        for line in lines:
            found = self.take(line.device)
            if found is not None and found.kind == "Device":
                names = found.read(fhir.Device).deviceName or ()
                if name := next((n.name for n in names if n.name), ""):
                    return name
            if texts := _texts(line.method):
                return texts[0]
        return ""


def _is_patient(resource: Resource) -> bool:
    return resource.kind == "Patient"


def _asked(line: fhir.Observation) -> bool:
    asked = line.code.coding if line.code else None
    return any(coding.code in QUESTIONS for coding in asked or ())


def _start(period: fhir.Period | None) -> str | None:
    return period.start or period.end if period else None


def _texts(concept: fhir.Concept | None) -> list[str]:
    if concept is None:
        return []
    displays = [coding.display for coding in concept.coding or () if coding.display]
    return [concept.text, *displays] if concept.text else displays


def _statuses(lines: list[fhir.Observation]) -> list[LineStatus]:
    return [OBSERVATION.get(line.status, LineStatus.PENDING) for line in lines if line.status]


def _number(identifiers: list[fhir.Identifier] | None) -> str:
    """The laboratory's number before the orderer's, any other before none."""
    numbers: dict[str, str] = {}
    for identifier in identifiers or ():
        kind = identifier.type.coding if identifier.type else None
        for code in [coding.code or "" for coding in kind or ()] or [""]:
            numbers.setdefault(code, (identifier.value or "").strip())
    ranked = [numbers[kind] for kind in _NUMBER_TYPES if numbers.get(kind)]
    return next(iter([*ranked, *filter(None, numbers.values())]), "")


def _codes(concept: fhir.Concept | None) -> tuple[Coding, ...]:
    if concept is None:
        return ()
    return tuple(
        Coding(system_name(coding.system or ""), coding.code, coding.display or concept.text or "")
        for coding in concept.coding or ()
        if coding.code
    )


def _conclusion(report: fhir.DiagnosticReport) -> tuple[Member, ...]:
    """A report without lines says its result as coded conclusions."""
    codes = tuple(code for concept in report.conclusionCode or () for code in _codes(concept))
    return (Member(_codes(report.code), value_codes=codes),) if codes else ()


def has_value(line: fhir.Valued) -> bool:
    """Whether a line says anything."""
    value, codes = _value(line)
    return bool(value or codes)


def _member(line: fhir.Valued) -> Member:
    value, value_codes = _value(line)
    quantity = line.valueQuantity or fhir.Quantity()
    flags = [c.code for concept in line.interpretation or () for c in concept.coding or ()]
    return Member(
        _codes(line.code),
        value,
        value_codes,
        quantity.unit or quantity.code or "",
        _range(line.referenceRange),
        next((flag for flag in flags if flag), ""),
    )


def _value(line: fhir.Valued) -> tuple[str, tuple[Coding, ...]]:
    if line.valueCodeableConcept is not None:
        codes = _codes(line.valueCodeableConcept)
        return "" if codes else (line.valueCodeableConcept.text or ""), codes
    if line.valueQuantity is not None:
        return _quantity(line.valueQuantity), ()
    if line.valueBoolean is not None:
        return _YES_NO[line.valueBoolean], ()
    return (line.valueString or _number_text(line.valueInteger)).strip(), ()


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
        return first.text
    low, high = _quantity(first.low), _quantity(first.high)
    return f"{low} - {high}" if low and high else f"≥ {low}" if low else f"≤ {high}" if high else ""
