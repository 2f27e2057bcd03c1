"""The demo's laboratory: repeatable, readable by our own readers, and never a real person."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from core.results.catalogue import Catalogue
from core.results.judge import Judged, judge
from core.results.reported import ReportStatus
from core.results.result import Result
from labs.simulator import FACILITIES, LaboratorySimulator
from tests.labs.readers.where import REPOSITORY, the_result

START = datetime(2021, 7, 15, 9, tzinfo=UTC)
CATALOGUE = Catalogue.parse((REPOSITORY / "core/results/catalogue.toml").read_text("utf-8"))


def releases(seed: int, count: int) -> list[tuple[str, str, bytes]]:
    simulator = LaboratorySimulator(seed)
    return [simulator.next_release(START + timedelta(minutes=n)) for n in range(count)]


def judged(data: bytes) -> Result:
    verdict = judge(the_result(data), CATALOGUE, now=START + timedelta(days=1))
    assert isinstance(verdict, Judged), verdict
    return verdict.result


def test_the_same_seed_releases_the_same_bytes() -> None:
    assert releases(1, 50) == releases(1, 50)
    assert releases(1, 50) != releases(2, 50)


def test_every_release_is_one_usable_result_of_a_known_facility() -> None:
    for facility, name, data in releases(3, 200):
        assert facility in FACILITIES
        assert name.endswith((".hl7", ".json"))
        assert judged(data).accession


def test_the_world_has_all_kinds_of_results_people_and_phones() -> None:
    results = [judged(data) for _, _, data in releases(5, 400)]
    tests = Counter(result.test.key for result in results)
    assert len(tests) == 6
    assert tests["SARSCOV2-PCR"] + tests["SARSCOV2-AG"] > 200
    assert {result.status for result in results} == {ReportStatus.FINAL, ReportStatus.CORRECTED}
    assert {str(result.outcome) for result in results} >= {"negative", "positive", "indeterminate"}
    assert any(result.pooled for result in results)
    assert any(not result.person.phone for result in results)
    assert any(
        document.type == "passport_number" for r in results for document in r.person.documents
    )
    phones = Counter(result.person.phone for result in results if result.person.phone)
    assert max(phones.values()) > 2


def test_a_correction_repeats_the_accession_with_another_outcome() -> None:
    seen: dict[tuple[str, str], str] = {}
    corrections = 0
    for facility, _, data in releases(8, 300):
        result = judged(data)
        before = seen.get((facility, result.accession))
        assert (before is not None) == (result.status is ReportStatus.CORRECTED)
        corrections += before is not None
        assert before != str(result.outcome)
        seen[facility, result.accession] = str(result.outcome)
    assert corrections


def test_phones_and_documents_come_from_ranges_that_belong_to_nobody() -> None:
    for _, _, data in releases(9, 200):
        reported = the_result(data).patient
        assert reported is not None
        for phone in reported.phones:
            assert phone.startswith(("090000", "0283800"))
        assert all(d.number.startswith(("099", "X0")) for d in reported.documents)


def test_the_list_of_people_is_newest_first_and_names_each_once() -> None:
    simulator = LaboratorySimulator(4)
    for n in range(30):
        simulator.next_release(START + timedelta(minutes=n))
    people = simulator.people()
    assert len({(person.name, person.birth_date, person.phone) for person in people}) == len(people)
    newest = judged(simulator.next_release(START + timedelta(hours=1))[2])
    assert simulator.people()[0].accession == newest.accession
    assert simulator.people()[0].name == newest.person.full_name


def test_a_release_for_a_number_is_a_negative_pcr_of_its_newest_person() -> None:
    laboratory = LaboratorySimulator(seed=3)
    while not any(citizen.phone for citizen in laboratory.people()):
        laboratory.next_release(START)
    citizen = next(citizen for citizen in laboratory.people() if citizen.phone)
    released = laboratory.release_for(citizen.phone, START)
    assert released is not None
    assert laboratory.people()[0].name == citizen.name
    assert b"94500-6" in released[2]
    assert b"260415000" in released[2]
    assert laboratory.release_for("0999999999", START) is None
