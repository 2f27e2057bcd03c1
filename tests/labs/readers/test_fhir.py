"""FHIR in forms that the vectors lack: wrong types, references that mislead, broken JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.results.reported import Finding, NotAResult, ReportedResult, ReportStatus, Unreadable
from labs.readers.detect import read
from tests.labs.readers.where import ZONE, the_result

LOINC = "http://loinc.org"


def patient(name: str = "p", **fields: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": name, "name": [{"family": "Nguyễn"}]} | fields


def observation(name: str = "o", **fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "94500-6"}]},
        "subject": {"reference": "Patient/p"},
        "valueString": "negative",
    } | fields


def report(**fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "94500-6"}]},
        "subject": {"reference": "Patient/p"},
        "result": [{"reference": "Observation/o"}],
        "effectiveDateTime": "2021-07-15",
    } | fields


def bundle(*resources: dict[str, Any]) -> bytes:
    return json.dumps(
        {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources]}
    ).encode()


def only(data: bytes) -> object:
    (item,) = read(data, zone=ZONE)
    return item.content


def test_fields_that_nobody_needs_may_have_any_type() -> None:
    odd = patient(address=5, maritalStatus=[], photo="?", contact=None)
    assert the_result(bundle(report(), odd, observation(note=7))).patient is not None


def test_a_needed_field_of_the_wrong_type_is_named_and_spoils_one_item_only() -> None:
    data = bundle(
        report(),
        patient(),
        observation(),
        report(id="r2", result=[{"reference": "Observation/o2"}]),
        observation("o2", valueString=5),
    )
    good, bad = [item.content for item in read(data, zone=ZONE)]
    assert isinstance(good, ReportedResult)
    finding = Finding("unreadable_item", "Observation.valueString", "Expected str | null, got int")
    assert bad == Unreadable((finding,))


def test_a_relative_reference_does_not_reach_a_patient_of_another_server() -> None:
    elsewhere = report(subject={"reference": "https://other.example/fhir/Patient/p"})
    result = the_result(bundle(elsewhere, patient(), observation(subject=None)))
    assert result.patient is None


def test_two_different_patients_under_one_id_are_no_patient() -> None:
    twice = bundle(report(), patient(), patient(birthDate="1990-01-01"), observation())
    assert the_result(twice).patient is None


SYSTEM = "http://fhir.ehealth.gov.vn/core/sid/national_id"


def numbered(value: str, **more: Any) -> dict[str, Any]:
    return {"identifier": {"system": SYSTEM, "value": value}} | more


def stopped(*resources: dict[str, Any]) -> str:
    content = only(bundle(*resources))
    assert isinstance(content, Unreadable), content
    assert content.findings[0].field == "subject"
    return content.findings[0].code


def other_patient(name: str = "q") -> dict[str, Any]:
    return patient(name) | {"name": [{"family": "Trần"}]}


def specimen(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Specimen", "id": "s"} | fields


SAMPLED = {"specimen": [{"reference": "Specimen/s"}]}
OF_Q = {"reference": "Patient/q"}


def test_a_line_or_specimen_of_somebody_who_is_not_in_the_file_stops_the_report() -> None:
    assert stopped(report(), patient(), observation(subject=OF_Q)) == "missing_reference"
    sampled = (report(**SAMPLED), patient(), observation(), specimen(subject=OF_Q))
    assert stopped(*sampled) == "missing_reference"
    assert stopped(report(subject=OF_Q), patient(), observation()) == "missing_reference"


def test_a_line_or_specimen_of_another_person_stops_the_report() -> None:
    people = (patient(), other_patient())
    line, sample = observation(subject=OF_Q), specimen(subject=OF_Q)
    assert stopped(report(), *people, line) == "contradicting_patients"
    assert stopped(report(**SAMPLED), *people, observation(), sample) == "contradicting_patients"
    of_line = observation(specimen={"reference": "Specimen/s"})
    assert stopped(report(), *people, of_line, sample) == "contradicting_patients"


def test_an_ambiguous_patient_beside_a_clear_one_stops_the_report() -> None:
    people = (patient(), patient(birthDate="1990-01-01"), other_patient())
    assert stopped(report(), *people, observation(subject=OF_Q)) == "missing_reference"


def test_a_local_reference_means_what_its_own_resource_contains() -> None:
    local = {"reference": "#p"}
    about = report(subject=local, contained=[patient()])
    theirs = observation(subject=local, contained=[other_patient("p")])
    assert stopped(about, theirs) == "contradicting_patients"
    assert stopped(about, observation(subject=local)) == "missing_reference"
    same = observation(subject=local, contained=[patient()])
    found = the_result(bundle(about, same)).patient
    assert found is not None
    assert found.family == "Nguyễn"


def test_contained_lines_share_what_their_report_contains() -> None:
    local = observation(subject={"reference": "#p"})
    about = report(
        subject={"reference": "#p"}, result=[{"reference": "#o"}], contained=[patient(), local]
    )
    assert the_result(bundle(about)).patient is not None


def test_a_member_of_a_panel_is_about_the_same_person_too() -> None:
    panel = observation("p1", valueString=None, hasMember=[{"reference": "Observation/o"}])
    people = (patient(), other_patient())
    assert stopped(panel, *people, observation(subject=OF_Q)) == "contradicting_patients"


def test_a_subject_by_number_must_be_the_number_of_the_patient() -> None:
    known = patient(identifier=[{"system": SYSTEM, "value": "079000000001"}])
    own, other = numbered("079000000001"), numbered("079000000002")
    assert the_result(bundle(report(), known, observation(subject=own))).patient is not None
    assert stopped(report(), known, observation(subject=other)) == "contradicting_patients"
    assert stopped(report(), patient(), observation(subject=other)) == "missing_reference"
    named_only = observation(subject={"display": "X"})
    assert stopped(report(), known, named_only) == "missing_reference"
    both = observation(subject=numbered("079000000002", reference="Patient/p"))
    assert stopped(report(), known, both) == "contradicting_patients"


def test_a_withdrawal_reaches_its_report_although_a_person_is_missing() -> None:
    withdrawn = report(status="entered-in-error")
    result = the_result(bundle(withdrawn, patient(), observation(subject=OF_Q)))
    assert (result.status, result.patient) == (ReportStatus.WITHDRAWN, None)


def test_a_pool_that_only_a_line_names_is_a_pool() -> None:
    pool = specimen(id="pool", type={"text": "Mẫu gộp"})
    line = observation(specimen={"reference": "Specimen/pool"})
    assert the_result(bundle(report(**SAMPLED), patient(), line, specimen(), pool)).pooled


def test_names_and_values_have_no_characters_that_nobody_sees() -> None:
    odd = patient() | {"name": [{"family": "\x00Ngu\u202eyễn", "given": ["Â\u200bn", "\u202e"]}]}
    result = the_result(bundle(report(), odd, observation(valueString="nega\u202etive")))
    assert result.patient is not None
    assert (result.patient.family, result.patient.given) == ("Nguyễn", "Ân")
    assert result.members[0].value == "negative"


def test_a_line_that_is_not_in_the_file_stops_its_report() -> None:
    assert only(bundle(report(), patient())) == Unreadable(
        (Finding("missing_reference", "DiagnosticReport.result"),)
    )


def test_a_withdrawn_report_needs_no_lines() -> None:
    assert the_result(bundle(report(status="cancelled"), patient())).status is (
        ReportStatus.WITHDRAWN
    )


@pytest.mark.parametrize(
    ("of_report", "of_line", "status"),
    [
        ("final", "final", ReportStatus.FINAL),
        ("final", "preliminary", ReportStatus.PRELIMINARY),
        ("partial", "final", ReportStatus.PRELIMINARY),
        ("amended", "final", ReportStatus.CORRECTED),
        ("final", "amended", ReportStatus.CORRECTED),
        ("final", "entered-in-error", ReportStatus.WITHDRAWN),
        ("final", "cancelled", ReportStatus.WITHDRAWN),
        ("something", "final", ReportStatus.PRELIMINARY),
        (None, "final", ReportStatus.FINAL),
    ],
)
def test_the_stricter_of_report_and_line_wins(
    of_report: str | None, of_line: str, status: ReportStatus
) -> None:
    data = bundle(report(status=of_report), patient(), observation(status=of_line))
    assert the_result(data).status is status


def test_a_panel_observation_brings_its_members_and_they_are_no_items() -> None:
    panel = observation("p1", valueString=None, hasMember=[{"reference": "Observation/o"}])
    result = the_result(bundle(panel, patient(), observation()))
    assert [member.value for member in result.members] == ["negative"]


def test_panels_that_name_each_other_end() -> None:
    one = observation("a", hasMember=[{"reference": "Observation/b"}])
    other = observation("b", hasMember=[{"reference": "Observation/a"}])
    asked = report(result=[{"reference": "Observation/a"}])
    assert the_result(bundle(asked, patient(), one, other)).members


def test_a_consent_counts_only_for_its_own_patient_and_while_active() -> None:
    def consented(**fields: Any) -> bool:
        consent = {"resourceType": "Consent", "id": "c", "status": "active"}
        consent |= {"patient": {"reference": "Patient/p"}} | fields
        return the_result(bundle(report(), patient(), observation(), consent)).consent_to_contact

    assert consented()
    assert not consented(status="rejected")
    assert not consented(provision={"type": "deny"})
    assert not consented(patient={"reference": "Patient/other"})
    assert not consented(patient=None)


def test_an_array_of_resources_is_read_like_a_bundle() -> None:
    data = json.dumps([report(), patient(), observation()]).encode()
    assert the_result(data).patient is not None


def test_a_bundle_of_people_is_no_result() -> None:
    assert only(bundle(patient(), patient("q"))) == NotAResult(
        Finding("not_a_result", "resourceType", "Patient")
    )


def test_json_that_is_not_fhir_is_not_recognised() -> None:
    assert only(b'{"a": 1}') == Unreadable((Finding("unrecognised_format", "resourceType"),))


def test_each_item_of_a_bundle_keeps_only_its_own_bytes_and_they_read_the_same() -> None:
    many = [report(id=f"r{n}", identifier=[{"value": f"A{n}"}]) for n in range(3)]
    for item in read(bundle(*many, patient(), observation()), zone=ZONE):
        assert isinstance(item.content, ReportedResult)
        assert the_result(item.raw) == item.content
        assert item.raw.count(b"DiagnosticReport") == 1


def test_documents_one_after_the_other_on_one_line_are_all_read() -> None:
    found = list(read(bundle(report(), patient(), observation()) * 3, zone=ZONE))
    assert [type(item.content) for item in found] == [ReportedResult] * 3


@pytest.mark.parametrize("piece", [b"{\n", b'{"a":\n', b'{"a":1}{', b"[\n", b"{}"])
def test_a_large_file_of_broken_pieces_comes_to_an_end(piece: bytes) -> None:
    assert list(read(piece * 20_000, zone=ZONE))
