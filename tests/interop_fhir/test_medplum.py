"""Our FHIR feed before a FHIR server that isn't ours: Medplum's (Apache-2.0, never shipped).

Theirs: routes, transactions, search by ``_lastUpdated`` and ``_id``, ``_sort``, ``_count``,
``total``, versions and the time of a change. Its repository in memory falls short in three
ways: ``_include`` is taken and ignored (so what reports refer to is fetched by ``_id``), there
is no CapabilityStatement, and links to a next page are left to its host (``server.js`` adds them,
counting by the ``_offset`` that the repository understands).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from core.feeds.source import Fetched, Limits
from core.results.reported import ReportedResult, ReportStatus
from labs.readers.detect import read
from labs.sources.fhir_server import FhirServerSource
from tests.labs.readers.where import ZONE
from tests.services import NODE, NPM, require

HERE = Path(__file__).resolve().parent
NOW = datetime(2026, 7, 12, 12, tzinfo=UTC)
LIMITS = Limits(total_seconds=120)
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"

Json = dict[str, Any]


@pytest.fixture(scope="session")
def installed() -> Path:
    """Medplum's packages, installed from the lock the first time."""
    npm = require(NPM)
    marker, lock = HERE / "node_modules" / ".package-lock.json", HERE / "package-lock.json"
    if not marker.exists() or marker.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run([npm, "ci"], cwd=HERE, check=True, capture_output=True, timeout=600)
    return HERE


@pytest.fixture
def base(installed: Path) -> Iterator[str]:
    """The address of an empty server."""
    command = [str(require(NODE)), "server.js"]
    with subprocess.Popen(command, cwd=installed, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/fhir/R4"
        finally:
            server.terminate()


def concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def sent(number: int, *, status: str = "final", detected: bool = False) -> list[Json]:
    """A report with its patient, specimen and line, as a laboratory names them."""
    found = concept(SNOMED, "260373001" if detected else "260415000")
    code = concept(LOINC, "94500-6")
    subject = {"reference": f"Patient/p{number}"}
    specimen = {"reference": f"Specimen/s{number}"}
    return [
        {
            "resourceType": "Patient",
            "id": f"p{number}",
            "name": [{"family": "Trần", "given": ["Thị", f"Số {number}"]}],
            "birthDate": "1990-02-03",
            "telecom": [{"system": "phone", "value": "0912345678"}],
        },
        {
            "resourceType": "Specimen",
            "id": f"s{number}",
            "subject": subject,
            "collection": {"collectedDateTime": "2026-07-11T09:00:00+07:00"},
        },
        {
            "resourceType": "Observation",
            "id": f"o{number}",
            "status": status,
            "code": code,
            "subject": subject,
            "specimen": specimen,
            "valueCodeableConcept": found,
        },
        {
            "resourceType": "DiagnosticReport",
            "id": f"r{number}",
            "identifier": [{"value": f"XN-{number}"}],
            "status": status,
            "code": code,
            "subject": subject,
            "specimen": [specimen],
            "issued": "2026-07-11T15:00:00+07:00",
            "result": [{"reference": f"Observation/o{number}"}],
        },
    ]


def post(base: str, resources: list[Json]) -> None:
    """Post a transaction, as a laboratory does."""
    entries = [
        {
            "resource": resource,
            "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
        }
        for resource in resources
    ]
    whole = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = requests.post(base, json=whole, timeout=60)
    statuses = {entry["response"]["status"][:3] for entry in answer.json()["entry"]}
    assert statuses <= {"200", "201"}, answer.text


def source(base: str, overlap: timedelta = timedelta(0)) -> FhirServerSource:
    return FhirServerSource(base, "", LIMITS, overlap)


def poll(feed: FhirServerSource, watermark: str) -> tuple[list[Fetched], str]:
    pieces = list(feed.fetch(watermark, NOW))
    told = [piece.watermark for piece in pieces if piece.watermark is not None]
    return pieces, told[-1] if told else watermark


def results(pieces: list[Fetched]) -> dict[str, ReportedResult]:
    items = [item for piece in pieces if piece.data for item in read(piece.data, zone=ZONE)]
    found = {}
    for item in items:
        assert isinstance(item.content, ReportedResult), item.content
        found[item.content.accession] = item.content
    return found


def test_a_report_in_somebody_else_s_server_is_read_with_its_values(base: str) -> None:
    post(base, sent(1, detected=True))
    pieces, watermark = poll(source(base), "")
    result = results(pieces)["XN-1"]
    assert result.patient is not None
    assert (result.patient.family, result.patient.given) == ("Trần", "Thị Số 1")
    assert result.patient.phones == ("0912345678",)
    assert result.status is ReportStatus.FINAL
    assert [code.code for line in result.members for code in line.value_codes] == ["260373001"]
    assert result.collected_at == datetime(2026, 7, 11, 2, tzinfo=UTC)
    assert result.reported_at == datetime(2026, 7, 11, 8, tzinfo=UTC)
    assert datetime.fromisoformat(watermark).tzinfo is not None


def test_a_later_version_is_polled_and_so_is_nothing_when_nothing_changed(base: str) -> None:
    post(base, [resource for number in range(3) for resource in sent(number)])
    first, watermark = poll(source(base), "")
    assert set(results(first)) == {"XN-0", "XN-1", "XN-2"}
    post(base, sent(1, status="corrected", detected=True))
    again, moved = poll(source(base), watermark)
    assert results(again)["XN-1"].status is ReportStatus.CORRECTED
    assert datetime.fromisoformat(moved) >= datetime.fromisoformat(watermark)
    later = datetime.fromisoformat(moved) + timedelta(hours=1)
    assert results(poll(source(base), later.isoformat())[0]) == {}
    reaching_back, _ = poll(source(base, timedelta(hours=2)), later.isoformat())
    assert set(results(reaching_back)) == {"XN-0", "XN-1", "XN-2"}


def test_many_pages_are_read_each_with_its_watermark(base: str) -> None:
    for first in range(0, 450, 150):
        numbers = range(first, first + 150)
        post(base, [resource for number in numbers for resource in sent(number)])
    pieces, watermark = poll(source(base), "")
    assert len(pieces) >= 3
    assert set(results(pieces)) == {f"XN-{number}" for number in range(450)}
    assert all(piece.watermark for piece in pieces)
    assert datetime.fromisoformat(watermark) <= newest_of(pieces)
    again, _ = poll(source(base, timedelta(minutes=10)), watermark)
    assert set(results(again)) == {f"XN-{number}" for number in range(450)}


def newest_of(pieces: list[Fetched]) -> datetime:
    entries = [entry for piece in pieces for entry in json.loads(piece.data)["entry"]]
    kinds = [e["resource"] for e in entries if e["resource"]["resourceType"] == "DiagnosticReport"]
    return max(datetime.fromisoformat(kind["meta"]["lastUpdated"]) for kind in kinds)


def test_a_probe_counts_what_somebody_else_s_server_has(base: str) -> None:
    assert source(base).probe(NOW).found == 0
    post(base, [*sent(1), *sent(2)])
    found = source(base).probe(NOW)
    assert found.found == 2
    assert found.newest is not None


def agreement(number: int, kind: str = "permit", scope: str = "patient-privacy") -> Json:
    """What a patient agreed to, as Medplum wants it."""
    return {
        "resourceType": "Consent",
        "id": f"c{number}-{kind}-{scope}",
        "status": "active",
        "scope": concept("http://terminology.hl7.org/CodeSystem/consentscope", scope),
        "category": [concept(LOINC, "59284-0")],
        "patient": {"reference": f"Patient/p{number}"},
        "policyRule": concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
        "provision": {"type": kind},
    }


def test_consents_in_somebody_else_s_server_are_found_for_their_patients(base: str) -> None:
    post(base, [resource for number in range(4) for resource in sent(number)])
    post(base, [agreement(1), agreement(2), agreement(2, "deny"), agreement(3, scope="research")])
    found = results(poll(source(base), "")[0])
    assert {name: result.consent_to_contact for name, result in found.items()} == {
        "XN-0": False,
        "XN-1": True,
        "XN-2": False,
        "XN-3": False,
    }
