"""Consents of a FHIR feed: fetched for its patients, and no reason to lose a result."""

from __future__ import annotations

import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.labs.sources.fhir_peer import (
    BASE,
    FhirShelf,
    Json,
    Play,
    bundle,
    consent,
    misbehaving,
    observation,
    patient,
    report,
    say,
)
from tests.labs.sources.test_fhir_server import (
    SMALL,
    minute,
    poll,
    results,
    shelved,
    source,
    trouble,
)

WITH_CONSENT = ("DiagnosticReport", "Observation", "Patient", "Consent")


def shelf_of(*consents: Json, people: int = 1, **habits: Any) -> FhirShelf:
    """Each person with a report; ``p0`` is the first."""
    resources: list[Json] = list(consents)
    for number in range(people):
        subject: Json = {"subject": {"reference": f"Patient/p{number}"}}
        resources += [
            report(f"R{number}", minute(0), f"o{number}", **subject),
            observation(f"o{number}", **subject),
            {**patient(f"p{number}"), "meta": {}},
        ]
    return FhirShelf(resources, **{"kinds": WITH_CONSENT, **habits})


def agreed(shelf: FhirShelf) -> dict[str, bool]:
    found = results(poll(shelved(shelf))[0])
    return {result.accession: result.consent_to_contact for result in found}


def consent_questions(shelf: FhirShelf) -> list[str]:
    return [url for url in shelf.asked if "/Consent" in url]


def test_a_patient_who_agreed_is_known_and_the_one_beside_them_is_not_taken_for_them() -> None:
    shelf = shelf_of(consent(whose="Patient/p1"), people=3)
    assert agreed(shelf) == {"R0": False, "R1": True, "R2": False}
    (question,) = consent_questions(shelf)
    assert "patient=Patient/p0,Patient/p1,Patient/p2" in question
    assert "status=active" in question


@pytest.mark.parametrize("includes", [True, False])
def test_an_absolute_reference_names_the_same_patient(includes: bool) -> None:
    shelf = shelf_of(consent(whose=f"{BASE}/Patient/p0"), includes=includes)
    assert agreed(shelf) == {"R0": True}


@pytest.mark.parametrize(
    "other",
    [
        {"status": "inactive"},
        {"provision": {"type": "deny"}},
        {"scope": {"coding": [{"code": "research"}]}},
        {"scope": {"coding": [{"code": "treatment"}]}},
        {"provision": {"period": {"end": "2026-06-30"}}},
        {"patient": {"reference": "http://other.example/fhir/Patient/p0"}},
    ],
)
def test_what_is_no_consent_to_a_message_is_none(other: Json) -> None:
    assert agreed(shelf_of(consent(**other))) == {"R0": False}


def test_a_denial_outweighs_a_permission() -> None:
    denial = consent("d", "Patient/p0", provision={"type": "deny"})
    assert agreed(shelf_of(consent(whose="Patient/p0"), denial)) == {"R0": False}


def test_a_consent_that_cannot_be_read_spoils_no_report() -> None:
    broken = consent("b", "Patient/p0", provision=["deny"])
    shelf = shelf_of(broken, consent(whose="Patient/p0"), people=2)
    assert agreed(shelf) == {"R0": True, "R1": False}


def test_only_consents_of_a_report_s_own_patient_are_kept_with_it() -> None:
    shelf = shelf_of(consent("mine", "Patient/p0"), consent("theirs", "Patient/p9"), filters=False)
    (piece,) = poll(shelved(shelf))[0]
    assert b'"mine"' in piece.data
    assert b'"theirs"' not in piece.data


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 422, 500, 501])
def test_a_server_without_consents_is_asked_once_a_poll_and_loses_nothing(status: int) -> None:
    check_tolerated(say(b'{"resourceType":"OperationOutcome"}', status))


@pytest.mark.parametrize(
    "body", [b'{"resourceType":"OperationOutcome"}', b"<html>Log in</html>", b"[]", b" " * 300_000]
)
def test_an_answer_that_is_no_list_of_consents_is_none(body: bytes) -> None:
    check_tolerated(say(body))


@pytest.mark.parametrize("following", ["http://127.0.0.2/Consent", "http://["])
def test_a_page_of_consents_that_lies_elsewhere_is_not_followed(following: str) -> None:
    check_tolerated(say(bundle(consent(whose="Patient/p0"), following=following)))


def test_a_redirect_to_another_host_is_not_followed_for_consents() -> None:
    check_tolerated(say(b"", 302, {"Location": "http://127.0.0.2/Consent"}))


def check_tolerated(answer: Play) -> None:
    shelf = shelf_of(people=60)
    with misbehaving(with_consents(shelf, answer)) as peer:
        pieces, _ = poll(source(peer.base))
        asked = [path for path, _ in peer.heard if "/Consent" in path]
    assert [r.consent_to_contact for r in results(pieces)] == [False] * 60
    assert len(asked) == 1  # sixty patients would be two questions


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_server_that_cannot_say_now_is_asked_again_in_the_next_poll(status: int) -> None:
    with misbehaving(with_consents(shelf_of(), say(b"", status))) as peer:
        assert trouble(source(peer.base)).code == "feed_unreachable"


def with_consents(shelf: FhirShelf, answer: Play) -> Play:
    """What is on the shelf, but for consents."""

    def play(handler: BaseHTTPRequestHandler) -> None:
        if "/Consent" in handler.path:
            answer(handler)
        else:
            status, resource = shelf.answer(handler.path)
            say(json.dumps(resource).encode(), status)(handler)

    return play


def test_many_patients_are_asked_for_by_fifties_and_on_all_pages() -> None:
    consents = [consent(f"c{number}", f"Patient/p{number}") for number in range(120)]
    shelf = shelf_of(*consents, people=120)
    assert all(agreed(shelf).values())
    assert len(consent_questions(shelf)) == 3


def test_consents_over_several_pages_are_all_read() -> None:
    consents = [consent(f"c{number}", "Patient/p0") for number in range(12)]
    denial = consent("d", "Patient/p0", provision={"type": "deny"})
    assert agreed(shelf_of(*consents, size=3)) == {"R0": True}
    assert agreed(shelf_of(*consents, denial, size=3)) == {"R0": False}


def test_more_consents_than_a_poll_reads_are_none_rather_than_some() -> None:
    consents = [consent(f"c{number}", "Patient/p0") for number in range(30)]
    shelf = shelf_of(*consents, size=3)
    assert agreed(shelf) == {"R0": False}
    assert len(consent_questions(shelf)) == 5


def test_consents_that_are_counted_and_not_shown_are_none() -> None:
    short = json.loads(bundle(consent(whose="Patient/p0")))
    answer = say(json.dumps({**short, "total": 2}).encode())
    with misbehaving(with_consents(shelf_of(), answer)) as peer:
        pieces, _ = poll(source(peer.base))
    assert [r.consent_to_contact for r in results(pieces)] == [False]


def test_consents_count_as_bytes_of_the_page_s_poll() -> None:
    heavy = [consent(f"c{n}", "Patient/p0", note="x" * 5_000) for n in range(10)]
    small = replace(SMALL, largest=20_000)
    found = results(poll(shelved(shelf_of(*heavy), small))[0])
    assert [result.consent_to_contact for result in found] == [False]
