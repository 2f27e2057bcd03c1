"""The parts of FHIR R4 resources that a result needs, as typed structures.

Unknown fields are skipped unread; a field of the wrong type spoils its resource only, since
each resource is decoded alone. Numbers stay text, so that ``98.00`` is shown as sent.

Source: FHIR R4 (4.0.1): DiagnosticReport, Observation, Patient, Specimen, ServiceRequest,
Consent, Device.
"""

from __future__ import annotations

import msgspec

_NOTHING = msgspec.Raw(b"")


class Coding(msgspec.Struct, gc=False):
    """A code of a code system."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(msgspec.Struct, gc=False):
    """CodeableConcept."""

    coding: list[Coding] | None = None
    text: str | None = None


class Identifier(msgspec.Struct, gc=False):
    """A number that somebody gave."""

    system: str | None = None
    value: str | None = None
    type: Concept | None = None


class Reference(msgspec.Struct, gc=False):
    """A pointer to another resource, by its place or by a number that it has."""

    reference: str | None = None
    identifier: Identifier | None = None


class Period(msgspec.Struct, gc=False):
    """From and to."""

    start: str | None = None
    end: str | None = None


class Quantity(msgspec.Struct, gc=False):
    """A number with its unit; ``value`` is the number's own text."""

    value: msgspec.Raw = _NOTHING
    comparator: str | None = None
    unit: str | None = None
    code: str | None = None


class Range(msgspec.Struct, gc=False):
    """A reference range."""

    low: Quantity | None = None
    high: Quantity | None = None
    text: str | None = None


class Valued(msgspec.Struct, gc=False):
    """What Observation and its components share."""

    code: Concept | None = None
    valueCodeableConcept: Concept | None = None  # noqa: N815 - FHIR's names
    valueString: str | None = None  # noqa: N815
    valueQuantity: Quantity | None = None  # noqa: N815
    valueInteger: msgspec.Raw = _NOTHING  # noqa: N815
    valueBoolean: bool | None = None  # noqa: N815
    interpretation: list[Concept] | None = None
    referenceRange: list[Range] | None = None  # noqa: N815


class Resource(msgspec.Struct, gc=False):
    """What tells a resource of any kind."""

    resourceType: str = ""  # noqa: N815
    id: str | None = None


class Observation(Valued, gc=False):
    """One line, or a panel of lines."""

    id: str | None = None
    identifier: list[Identifier] | None = None
    status: str | None = None
    subject: Reference | None = None
    effectiveDateTime: str | None = None  # noqa: N815
    effectiveInstant: str | None = None  # noqa: N815
    effectivePeriod: Period | None = None  # noqa: N815
    issued: str | None = None
    specimen: Reference | None = None
    device: Reference | None = None
    method: Concept | None = None
    component: list[Valued] | None = None
    hasMember: list[Reference] | None = None  # noqa: N815
    basedOn: list[Reference] | None = None  # noqa: N815
    contained: list[msgspec.Raw] | None = None


class DiagnosticReport(msgspec.Struct, gc=False):
    """A report."""

    id: str | None = None
    identifier: list[Identifier] | None = None
    status: str | None = None
    code: Concept | None = None
    subject: Reference | None = None
    effectiveDateTime: str | None = None  # noqa: N815
    effectivePeriod: Period | None = None  # noqa: N815
    issued: str | None = None
    specimen: list[Reference] | None = None
    result: list[Reference] | None = None
    basedOn: list[Reference] | None = None  # noqa: N815
    conclusionCode: list[Concept] | None = None  # noqa: N815
    contained: list[msgspec.Raw] | None = None


class HumanName(msgspec.Struct, gc=False):
    """A name; ``given`` is in spoken order."""

    use: str | None = None
    text: str | None = None
    family: str | None = None
    given: list[str] | None = None


class Telecom(msgspec.Struct, gc=False):
    """A phone, a mail address and the like."""

    system: str | None = None
    value: str | None = None
    use: str | None = None


class Patient(msgspec.Struct, gc=False):
    """The person tested."""

    id: str | None = None
    identifier: list[Identifier] | None = None
    name: list[HumanName] | None = None
    telecom: list[Telecom] | None = None
    gender: str | None = None
    birthDate: str | None = None  # noqa: N815


class Collection(msgspec.Struct, gc=False):
    """How a specimen was taken."""

    collectedDateTime: str | None = None  # noqa: N815
    collectedPeriod: Period | None = None  # noqa: N815


class Specimen(msgspec.Struct, gc=False):
    """A sample; several parents make it a pool."""

    id: str | None = None
    type: Concept | None = None
    collection: Collection | None = None
    subject: Reference | None = None
    parent: list[Reference] | None = None
    contained: list[msgspec.Raw] | None = None


class ServiceRequest(msgspec.Struct, gc=False):
    """The order: names the questions asked, and the numbers of the order."""

    id: str | None = None
    identifier: list[Identifier] | None = None
    supportingInfo: list[Reference] | None = None  # noqa: N815


class Provision(msgspec.Struct, gc=False):
    """What a consent permits or denies."""

    type: str | None = None
    period: Period | None = None


class Consent(msgspec.Struct, gc=False):
    """A consent of a patient."""

    id: str | None = None
    status: str | None = None
    scope: Concept | None = None
    patient: Reference | None = None
    provision: Provision | None = None


class DeviceName(msgspec.Struct, gc=False):
    """A name of a device."""

    name: str | None = None


class Device(msgspec.Struct, gc=False):
    """A test kit or instrument."""

    id: str | None = None
    deviceName: list[DeviceName] | None = None  # noqa: N815


class Entry(msgspec.Struct, gc=False):
    """An entry of a Bundle, its resource unread."""

    fullUrl: str | None = None  # noqa: N815
    resource: msgspec.Raw = _NOTHING


class Bundle(msgspec.Struct, gc=False):
    """A container of resources."""

    resourceType: str = ""  # noqa: N815
    timestamp: str | None = None
    entry: list[Entry] | None = None


KINDS: dict[str, type[msgspec.Struct]] = {
    kind.__name__: kind
    for kind in (DiagnosticReport, Observation, Patient, Specimen, ServiceRequest, Consent, Device)
}
