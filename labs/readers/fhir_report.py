"""One FHIR report or lone Observation, with everything that it refers to, to a result.

Rules: a reference is looked up where it was written (``#p`` of a line is not ``#p`` of its
report); all subjects must be one person, see ``fhir_subject``.

Source: FHIR R4 (4.0.1) DiagnosticReport, Observation, Specimen, Consent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from core.results.reported import (
    Finding,
    Member,
    NotAResult,
    ReportedResult,
    ReportStatus,
    Unreadable,
)
from labs.readers import fhir_model as fhir
from labs.readers.fhir_consent import agreed
from labs.readers.fhir_person import patient_of
from labs.readers.fhir_resources import (
    Resource,
    ResourceSet,
    UnreadableResourceError,
    is_local,
)
from labs.readers.fhir_subject import Mention, one_patient
from labs.readers.fhir_values import codes_of, conclusion, has_value, member_of, number, texts
from labs.readers.statuses import GONE, OBSERVATION, REPORT, LineStatus, overall
from labs.readers.times import fhir_time
from labs.readers.vocabulary import QUESTIONS, says_pooled, shape

Zone = ZoneInfo
Content = ReportedResult | Unreadable | NotAResult
_DEEPEST_PANEL = 4


@dataclass(frozen=True, slots=True)
class Source:
    """What a report is read from."""

    resources: ResourceSet
    zone: Zone
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """An Observation of the report, and the resources that its own references mean."""

    said: fhir.Observation
    scope: ResourceSet


@dataclass(frozen=True, slots=True)
class Sample:
    """A Specimen of the report, and the resources that its own references mean."""

    said: fhir.Specimen
    scope: ResourceSet


class Reading:
    """One item being read; ``used`` collects the resources that it needed."""

    def __init__(self, source: Source) -> None:
        """Start with nothing used."""
        self.source = source
        self.used: list[Resource] = []

    def report(self, report: fhir.DiagnosticReport) -> ReportedResult:
        """Read a DiagnosticReport.

        Raises:
            UnreadableResourceError: something that it needs can't be read or found.
        """
        scope = self.source.resources.with_contained(report.contained)
        own = REPORT.get(report.status or "", ReportStatus.PRELIMINARY)
        lines = self.lines(report, scope, own)
        said = [line.said for line in lines]
        specimens = self.specimens(report, scope, lines)
        status = overall(own if report.status else None, _statuses(lines))
        patient = self.patient(
            [Mention(report.subject, scope), *_mentions(lines, specimens)], status
        )
        collected_at = self.collected_at(specimens, [report, *said])
        reported_at = self.issued([report, *said])
        return ReportedResult(
            accession=number(report.identifier)
            or self.order_number(self.take_all(report.basedOn, scope))
            or report.id
            or "",
            status=status,
            codes=codes_of(report.code),
            members=tuple(_members(said)) or conclusion(report),
            patient=patient_of(patient.read(fhir.Patient)) if patient else None,
            collected_at=collected_at,
            reported_at=reported_at,
            pooled=_pooled(specimens, report.code),
            consent_to_contact=self.consented(patient, reported_at or collected_at),
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
        self._alone = self.panel(resource, self.within(observation.contained), 0)
        return self.report(report)

    _alone: Sequence[Line] = ()

    def take(self, reference: fhir.Reference | None, scope: ResourceSet) -> Resource | None:
        """What ``reference`` names, remembered as used."""
        found = scope.find(reference)
        if found is not None and not is_local(reference):
            self.used.append(found)
        return found

    def take_all(
        self, references: Iterable[fhir.Reference] | None, scope: ResourceSet
    ) -> list[Resource]:
        """Those of ``references`` that are there."""
        found = (self.take(reference, scope) for reference in references or ())
        return [resource for resource in found if resource]

    def within(self, contained: Sequence[msgspec.Raw] | None) -> ResourceSet:
        """What the references of a resource mean that stands by itself."""
        return self.source.resources.with_contained(contained)

    def lines(
        self, report: fhir.DiagnosticReport, scope: ResourceSet, own: ReportStatus
    ) -> list[Line]:
        """The report's observations, panels opened; none may be missing."""
        lines = list(self._alone)
        for reference in report.result or ():
            found = self.take(reference, scope)
            if found is not None:
                lines.extend(self.panel(found, self.scope_of(reference, scope, found), 0))
            elif own is not ReportStatus.WITHDRAWN:
                finding = Finding("missing_reference", "DiagnosticReport.result")
                raise UnreadableResourceError(finding)
        return [line for line in lines if not _asked(line.said)]

    def scope_of(
        self, reference: fhir.Reference, scope: ResourceSet, found: Resource
    ) -> ResourceSet:
        """What the references of ``found`` mean: contained ones share their container's."""
        if is_local(reference):
            return scope
        if found.kind == "Specimen":
            return self.within(found.read(fhir.Specimen).contained)
        return self.within(found.read(fhir.Observation).contained)

    def panel(self, resource: Resource, scope: ResourceSet, depth: int) -> list[Line]:
        """An observation and the members that it names."""
        observation = resource.read(fhir.Observation)
        found = [Line(observation, scope)]
        if depth < _DEEPEST_PANEL:
            for reference in observation.hasMember or ():
                if (member := self.take(reference, scope)) is not None:
                    inner = self.scope_of(reference, scope, member)
                    found.extend(self.panel(member, inner, depth + 1))
        return found

    def patient(self, mentions: Sequence[Mention], status: ReportStatus) -> Resource | None:
        """The one patient of all ``mentions``; a withdrawal may leave out who it was."""
        for mention in mentions:
            self.take(mention.subject, mention.scope)
        try:
            return one_patient(mentions)
        except UnreadableResourceError as error:
            if status is ReportStatus.WITHDRAWN and error.finding.code == "missing_reference":
                return None
            raise

    def order_number(self, orders: list[Resource]) -> str:
        """The number of the order, where the report has none."""
        requests = (order for order in orders if order.kind == "ServiceRequest")
        return next(
            (n for order in requests if (n := number(order.read(fhir.ServiceRequest).identifier))),
            "",
        )

    def specimens(
        self, report: fhir.DiagnosticReport, scope: ResourceSet, lines: Sequence[Line]
    ) -> list[Sample]:
        """The report's specimens, then those of its lines, each once."""
        named = [(reference, scope) for reference in report.specimen or ()]
        named += [(line.said.specimen, line.scope) for line in lines if line.said.specimen]
        found: dict[int, Sample] = {}
        for reference, where in named:
            resource = self.take(reference, where)
            if resource is not None and resource.kind == "Specimen":
                inner = self.scope_of(reference, where, resource)
                found[id(resource)] = Sample(resource.read(fhir.Specimen), inner)
        return list(found.values())

    def collected_at(
        self,
        specimens: Sequence[Sample],
        sources: Sequence[fhir.DiagnosticReport | fhir.Observation],
    ) -> datetime | None:
        """The specimen's time (a period: its beginning), else when the finding held true."""
        for specimen in specimens:
            if taken := specimen.said.collection:
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

    def consented(self, patient: Resource | None, at: datetime | None) -> bool:
        """Whether this patient's Consents, on the day of the report, permit a message."""
        if patient is None:
            return False
        theirs = [r for r in self.source.resources.consents if self.is_of(r, patient)]
        self.used += theirs
        day = at.astimezone(self.source.zone).date().isoformat() if at else ""
        return agreed([resource.read(fhir.Consent) for resource in theirs], day)

    def is_of(self, consent: Resource, patient: Resource) -> bool:
        """Whether ``consent`` is this patient's."""
        return self.source.resources.find(consent.read(fhir.Consent).patient) is patient

    def device(self, lines: Sequence[Line]) -> str:
        """The kit's name: the Device's, else the method's."""
        for line in lines:
            found = self.take(line.said.device, line.scope)
            if found is not None and found.kind == "Device":
                names = found.read(fhir.Device).deviceName or ()
                if name := next((n.name for n in names if n.name), ""):
                    return name
            if called := texts(line.said.method):
                return called[0]
        return ""


def _mentions(lines: Sequence[Line], specimens: Sequence[Sample]) -> list[Mention]:
    of_lines = [Mention(line.said.subject, line.scope) for line in lines]
    return of_lines + [Mention(specimen.said.subject, specimen.scope) for specimen in specimens]


def _members(lines: Sequence[fhir.Observation]) -> Iterable[Member]:
    """Every line that still stands; a heading without a value is none."""
    for line in lines:
        if OBSERVATION.get(line.status or "") in GONE:
            continue
        if has_value(line) or not (line.component or line.hasMember):
            yield member_of(line)
        yield from (member_of(part) for part in line.component or ())


def _pooled(specimens: Sequence[Sample], code: fhir.Concept | None) -> bool:
    """A specimen of several parents, or one that is called a pool."""
    if any(len(specimen.said.parent or ()) > 1 for specimen in specimens):
        return True
    named = [*texts(code), *(text for s in specimens for text in texts(s.said.type))]
    return any(says_pooled(text) for text in named)


def _asked(line: fhir.Observation) -> bool:
    asked = line.code.coding if line.code else None
    return any(coding.code in QUESTIONS for coding in asked or ())


def _start(period: fhir.Period | None) -> str | None:
    return period.start or period.end if period else None


def _statuses(lines: Sequence[Line]) -> list[LineStatus]:
    return [OBSERVATION.get(s, LineStatus.PENDING) for line in lines if (s := line.said.status)]
