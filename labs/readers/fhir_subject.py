"""Who a FHIR report is about: every resource of it that names somebody must name the same one.

Rules: a subject that can't be found beside one that can stops the report, for it may be
somebody else; where none can be found, the report has no patient (and is refused as such);
a number alone must be one of the Patient that the others name, and a number beside a
reference must not contradict it. Copies of one Patient, byte for byte, are one person.

Source: FHIR R4, Reference (literal and logical references); Patient.identifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.results.reported import Finding
from labs.readers import fhir_model as fhir
from labs.readers.fhir_resources import Resource, ResourceSet, UnreadableResourceError


@dataclass(frozen=True, slots=True)
class Mention:
    """A ``subject``, and the resources that its reference is looked up in."""

    subject: fhir.Reference | None
    scope: ResourceSet


def one_patient(mentions: Sequence[Mention]) -> Resource | None:
    """The Patient that all ``mentions`` name; None if none of them names one that is there.

    Raises:
        UnreadableResourceError: ``missing_reference`` or ``contradicting_patients``, or the
            Patient can't be read.
    """
    named = [(mention.subject, mention.scope) for mention in mentions if mention.subject]
    found = [scope.find(subject) for subject, scope in named if subject.reference]
    people = [resource for resource in found if resource and resource.kind == "Patient"]
    if not people:
        return None
    if len(people) < len(found):
        raise _stopped("missing_reference")
    if len({patient.raw for patient in people}) > 1:
        raise _stopped("contradicting_patients")
    known = people[0].read(fhir.Patient).identifier or ()
    for subject, _ in named:
        _check_number(subject, known)
    return people[0]


def _check_number(subject: fhir.Reference, known: Sequence[fhir.Identifier]) -> None:
    """Alone, a number must be the patient's; beside a reference it must not be another's."""
    written = subject.identifier
    if written is None or not written.value:
        if not subject.reference:
            raise _stopped("missing_reference")
        return
    same_kind = {number.value for number in known if number.system == written.system}
    if written.value not in same_kind and (same_kind or not subject.reference):
        raise _stopped("contradicting_patients" if same_kind else "missing_reference")


def _stopped(code: str) -> UnreadableResourceError:
    return UnreadableResourceError(Finding(code, "subject"))
