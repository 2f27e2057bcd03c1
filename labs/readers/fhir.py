"""FHIR R4 to results: one for each DiagnosticReport, and for each Observation that none names.

Rules: resources are read where they are needed and spoil only what needs them; answers to
questions asked at order entry are no lines; a report whose lines can't be found or whose
lines belong to two people is stopped; a time that can't be read stops the item. Statuses:
see ``statuses``. Resources outside a Bundle (NDJSON, an array) count as one set.

Source: FHIR R4 (4.0.1) DiagnosticReport, Observation, Bundle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from core.results.reported import (
    Finding,
    NotAResult,
    ReportedResult,
    Unreadable,
)
from labs.readers import fhir_model as fhir
from labs.readers.fhir_report import Content, Reading, Source, Zone
from labs.readers.fhir_resources import Resource, ResourceSet, UnreadableResourceError, bundle_of
from labs.readers.fhir_values import has_value
from labs.readers.json_documents import Document, documents
from labs.readers.vocabulary import QUESTION_IDENTIFIER, QUESTIONS

_BUNDLE = msgspec.json.Decoder(fhir.Bundle)
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])

Read = tuple[Content, bytes]


def read_fhir(data: bytes, zone: Zone) -> Iterator[Read]:
    """Yield what ``data`` holds with the bytes of each item; never raises.

    Args:
        zone: The facility's zone, for times without an offset.
    """
    loose: list[Resource] = []
    warnings: dict[Finding, None] = {}
    for document in documents(data):
        if document.broken:
            yield Unreadable((document.broken,)), document.raw
            continue
        try:
            resources, found = _resources(document)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            yield Unreadable((Finding("unreadable_item", "Bundle"),)), document.raw
            continue
        loose += found
        warnings |= dict.fromkeys(document.warnings if found else ())
        if resources is not None:
            yield from _read_set(resources, zone, document.warnings, document.raw)
    if loose:
        yield from _read_loose(loose, zone, tuple(warnings))


def _resources(document: Document) -> tuple[list[Resource] | None, list[Resource]]:
    """A Bundle's resources, or None; and the resources that stand alone."""
    if document.raw.startswith(b"["):
        return None, [Resource(bytes(raw)) for raw in _ARRAY.decode(document.raw)]
    alone = Resource(document.raw)
    if alone.kind != "Bundle":
        return None, [alone]
    entries = _BUNDLE.decode(document.raw).entry or ()
    read = [Resource(bytes(e.resource), e.fullUrl or "") for e in entries if len(e.resource)]
    return read, []


def _read_loose(loose: list[Resource], zone: Zone, warnings: tuple[Finding, ...]) -> Iterator[Read]:
    bundles = [resource for resource in loose if resource.kind == "Bundle"]
    for bundle in bundles:  # an array of Bundles
        yield from read_fhir(bundle.raw, zone)
    alone = [resource for resource in loose if resource.kind != "Bundle"]
    if _items(ResourceSet(alone)):
        yield from _read_set(alone, zone, warnings, None)
        return
    for resource in alone:
        yield _no_result(resource.kind), resource.raw


def _no_result(kind: str) -> NotAResult | Unreadable:
    if kind:
        return NotAResult(Finding("not_a_result", "resourceType", kind[:32]))
    return Unreadable((Finding("unrecognised_format", "resourceType"),))


def _read_set(
    resources: Sequence[Resource],
    zone: Zone,
    warnings: tuple[Finding, ...],
    whole: bytes | None,
) -> Iterator[Read]:
    """The items of resources that came together.

    Args:
        whole: The bytes to keep when there is one item only; None when it must be cut.
    """
    together = ResourceSet(resources)
    items = _items(together)
    if not items:
        first = next((r.kind for r in resources if r.kind != "MessageHeader"), "Bundle")
        yield _no_result(first or "Bundle"), whole or bundle_of(resources)
    for item in items:
        reading = Reading(Source(together, zone, warnings))
        content = _guarded(reading, item)
        cut = whole if whole is not None and len(items) == 1 else None
        yield content, cut or bundle_of(dict.fromkeys([item, *reading.used]))


def _guarded(reading: Reading, item: Resource) -> Content:
    try:
        return _read_item(reading, item)
    except UnreadableResourceError as error:
        return Unreadable((error.finding,))
    except Exception as error:  # noqa: BLE001 - a stranger's bytes must not stop the file
        return Unreadable((Finding("unreadable_item", item.kind, type(error).__name__),))


def _read_item(reading: Reading, item: Resource) -> ReportedResult:
    if item.kind == "DiagnosticReport":
        return reading.report(item.read(fhir.DiagnosticReport))
    return reading.alone(item)


def _items(together: ResourceSet) -> list[Resource]:
    """Reports, and observations with something to say that no report or panel names."""
    spoken_for = _named(together)
    items = []
    for resource in together:
        is_report = resource.kind == "DiagnosticReport"
        if is_report or (resource.kind == "Observation" and _stands_alone(resource, spoken_for)):
            items.append(resource)
    return items


def _stands_alone(resource: Resource, spoken_for: set[int]) -> bool:
    if id(resource) in spoken_for:
        return False
    try:
        observation = resource.read(fhir.Observation)
    except UnreadableResourceError:
        return True  # to be told why, not to vanish
    return _says_something(observation) and not is_question(observation)


def _says_something(observation: fhir.Observation) -> bool:
    parts = observation.component or observation.hasMember
    withdrawn = observation.status in ("entered-in-error", "cancelled")
    return withdrawn or bool(parts) or has_value(observation)


def is_question(observation: fhir.Observation) -> bool:
    """Whether this answers something that was asked when the test was ordered."""
    for identifier in observation.identifier or ():
        kinds = identifier.type.coding if identifier.type else None
        if any(coding.code == QUESTION_IDENTIFIER for coding in kinds or ()):
            return True
    asked = observation.code.coding if observation.code else None
    return any(coding.code in QUESTIONS for coding in asked or ())


def _named(together: ResourceSet) -> set[int]:
    """Identities of the resources that reports, panels and orders refer to."""
    named: set[int] = set()
    for resource in together:
        try:
            references = _references(resource)
        except UnreadableResourceError:
            continue
        named.update(id(found) for found in together.find_all(references))
    return named


def _references(resource: Resource) -> list[fhir.Reference] | None:
    if resource.kind == "DiagnosticReport":
        return resource.read(fhir.DiagnosticReport).result
    if resource.kind == "Observation":
        return resource.read(fhir.Observation).hasMember
    if resource.kind == "ServiceRequest":
        return resource.read(fhir.ServiceRequest).supportingInfo
    return None
