"""The shelf: what citizens and commands find, and what they don't."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from core.citizens.proof import Proof, ProofVerdict, try_proof
from core.ports import Origin, ResultRow
from core.results.catalogue import Catalogue, Confidentiality, TestDefinition
from core.results.reported import DocumentType, ReportStatus
from core.results.result import Document, Outcome
from core.results.versions import Change
from storage.shelf import ShelfStore
from tests.storage.conftest import Stores
from tests.storage.samples import (
    BINH,
    DENGUE,
    HIV,
    KEYS,
    NOON,
    OTHER_PHONE,
    OTHER_UNIT,
    PHONE,
    TB,
    UNIT,
    certificate,
    definition,
    result,
    token,
    version,
)

HOUR = timedelta(hours=1)
BINH_KEY = KEYS.person(BINH.full_name, BINH.birth_date).hex()
LAN = replace(BINH, given="Thị Lan", birth_date="2015", documents=())
LAN_KEY = KEYS.person(LAN.full_name, LAN.birth_date).hex()


def store(stores: Stores, *versions: ResultRow, facility: str = UNIT.code) -> None:
    stores.intake.store(facility, Origin("f"), [], versions, NOON)


def test_a_result_comes_back_exactly_as_it_was_stored(stores: Stores) -> None:
    stored = result(outcome=Outcome.POSITIVE, pooled=True, consent_to_contact=True)
    store(stores, version("r1", stored))
    (found,) = stores.shelf.of_person(PHONE, BINH_KEY)
    assert found.result == stored
    assert (found.result_id, found.version, found.short_code) == ("r1", 1, "ABCDEFG0")
    assert (found.facility_code, found.facility_name) == (UNIT.code, UNIT.name)
    assert found.facility_contact == UNIT.contact
    assert (found.certificate, found.uvci) == (certificate("r1").cose, certificate("r1").uvci)


def test_a_family_on_one_number_is_listed_by_newest_result(stores: Stores) -> None:
    store(
        stores,
        version("r1", result("X-1", collected_at=NOON - 9 * HOUR)),
        version("r2", result("X-2", person=LAN, test=DENGUE), certified=False),
    )
    lan, binh = stores.shelf.people(PHONE)
    assert (lan.key, lan.full_name, lan.birth_date, lan.documents) == (
        LAN_KEY, LAN.full_name, "2015", (),
    )  # fmt: skip
    assert (lan.classes, binh.classes) == (frozenset("B"), frozenset("A"))
    assert binh.documents == BINH.documents
    assert [lan.opened, binh.opened] == [False, False]


@pytest.mark.parametrize("test", [HIV, TB])
def test_a_result_that_no_door_shows_leaves_no_trace_among_the_people(
    stores: Stores, test: TestDefinition
) -> None:
    other = replace(BINH, given="Văn Khác", birth_date="1960-01-01")
    better = replace(BINH, documents=(Document(DocumentType.PASSPORT, "C7654321"),))
    store(
        stores,
        version("r1", result("X-1", collected_at=NOON - 9 * HOUR)),
        version("r2", result("X-2", person=LAN, collected_at=NOON - 8 * HOUR)),
    )
    before = stores.shelf.people(PHONE)
    store(
        stores,
        version("r3", result("X-3", person=better, test=test), certified=False),
        version("r4", result("X-4", person=other, test=test), certified=False),
    )
    assert [person.key for person in before] == [LAN_KEY, BINH_KEY]
    assert stores.shelf.people(PHONE) == before


def test_another_number_sees_nothing_of_it(stores: Stores) -> None:
    store(stores, version("r1"))
    assert stores.shelf.people(OTHER_PHONE) == []
    assert stores.shelf.of_person(OTHER_PHONE, BINH_KEY) == []
    assert stores.shelf.of_person(PHONE, LAN_KEY) == []


@pytest.mark.parametrize("key", ["", "zz", "0", "00", "'; DROP TABLE result", "é"])
def test_a_key_that_is_no_key_finds_nobody(stores: Stores, key: str) -> None:
    store(stores, version("r1"))
    assert stores.shelf.of_person(PHONE, key) == []


def test_results_of_a_person_are_newest_collection_first(stores: Stores) -> None:
    times = {"X-1": 3, "X-2": 1, "X-3": 2}
    rows = [
        version(name, result(name, collected_at=NOON - hours * HOUR))
        for name, hours in times.items()
    ]
    store(stores, *rows)
    names = [found.result.accession for found in stores.shelf.of_person(PHONE, BINH_KEY)]
    assert names == ["X-2", "X-3", "X-1"]


def test_only_the_corrected_version_is_shown(stores: Stores) -> None:
    store(stores, version("r1"))
    new = result(outcome=Outcome.POSITIVE)
    store(stores, version("r2", new, number=2, supersedes="r1", change=Change.CORRECTED))
    (found,) = stores.shelf.of_person(PHONE, BINH_KEY)
    assert (found.result_id, found.result.outcome) == ("r2", Outcome.POSITIVE)


def test_a_withdrawn_result_and_its_person_are_gone(stores: Stores) -> None:
    store(stores, version("r1"))
    gone = result(status=ReportStatus.WITHDRAWN)
    store(stores, version("r2", gone, number=2, supersedes="r1", change=Change.WITHDRAWN))
    assert stores.shelf.people(PHONE) == []
    assert stores.shelf.of_person(PHONE, BINH_KEY) == []


def test_a_test_made_stricter_since_is_shown_by_the_stricter_class(stores: Stores) -> None:
    store(stores, version("r1"))
    stricter = Catalogue([definition("SARSCOV2-PCR", "C")])
    shelf = ShelfStore(stores.engine, KEYS, stricter)
    assert shelf.of_person(PHONE, BINH_KEY)[0].result.test.confidentiality is Confidentiality.C
    assert shelf.people(PHONE) == []


def test_a_test_made_laxer_or_removed_keeps_the_class_it_was_stored_with(stores: Stores) -> None:
    store(stores, version("r1", result(test=HIV), certified=False))
    for catalogue in (Catalogue([definition("HIV", "A")]), Catalogue([])):
        shelf = ShelfStore(stores.engine, KEYS, catalogue)
        (found,) = shelf.of_person(PHONE, BINH_KEY)
        assert found.result.test.confidentiality is Confidentiality.D
        assert shelf.people(PHONE) == []


def test_a_link_leads_to_the_number_and_result_it_was_sent_for(stores: Stores) -> None:
    store(stores, version("r1"))
    target = stores.shelf.link(token("r1"), NOON)
    assert target is not None
    assert (target.phone, target.result_id, target.person_key) == (PHONE, "r1", BINH_KEY)
    assert target.expired is False


def test_a_link_outlives_its_days_only_as_expired(stores: Stores) -> None:
    store(stores, version("r1"))
    for moment, expired in ((NOON + timedelta(days=7, seconds=-1), False),
                            (NOON + timedelta(days=7), True)):  # fmt: skip
        target = stores.shelf.link(token("r1"), moment)
        assert target is not None
        assert target.expired is expired


def test_a_forged_link_leads_nowhere(stores: Stores) -> None:
    store(stores, version("r1"))
    assert stores.shelf.link(token("r2"), NOON) is None


def test_commands_find_a_result_by_accession_uvci_or_id(stores: Stores) -> None:
    store(stores, version("r1"))
    for reference in ("X-1", certificate("r1").uvci, "r1"):
        assert [found.result_id for found in stores.shelf.find(reference)] == ["r1"]
    assert stores.shelf.find("X-2") == []


def test_an_accession_of_two_facilities_is_told_apart(stores: Stores) -> None:
    store(stores, version("r1"))
    store(stores, version("o1"), facility=OTHER_UNIT.code)
    assert len(stores.shelf.find("X-1")) == 2
    (found,) = stores.shelf.find("X-1", OTHER_UNIT.code)
    assert found.result_id == "o1"
    assert stores.shelf.find("r1", OTHER_UNIT.code) == []


def test_an_old_certificate_leads_to_its_own_version(stores: Stores) -> None:
    store(stores, version("r1"))
    store(stores, version("r2", number=2, supersedes="r1", change=Change.CORRECTED))
    (found,) = stores.shelf.find(certificate("r1").uvci)
    assert (found.result_id, found.version) == ("r1", 1)


def prove(stores: Stores, right: bool, phone: str = PHONE) -> ProofVerdict:
    def change(proof: Proof) -> tuple[Proof, ProofVerdict]:
        return try_proof(proof, right=right, now=NOON)

    return stores.shelf.update_proof(phone, BINH_KEY, change)


def proof_of(stores: Stores, phone: str = PHONE) -> Proof:
    return stores.shelf.update_proof(phone, BINH_KEY, lambda proof: (proof, proof))


def test_a_person_is_opened_on_the_number_that_proved_it(stores: Stores) -> None:
    store(
        stores, version("r1"), version("r2", result("X-2", person=replace(BINH, phone=OTHER_PHONE)))
    )
    assert prove(stores, right=True) is ProofVerdict.PASSED
    assert stores.shelf.people(PHONE)[0].opened
    assert not stores.shelf.people(OTHER_PHONE)[0].opened
    assert proof_of(stores) == Proof(opened_at=NOON)
    assert proof_of(stores, OTHER_PHONE) == Proof()


def test_twenty_parallel_wrong_dates_are_five_tries(
    stores: Stores, pool: ThreadPoolExecutor
) -> None:
    verdicts = Counter(pool.map(lambda _: prove(stores, right=False), range(20)))
    assert verdicts == {ProofVerdict.WRONG: 5, ProofVerdict.LOCKED: 15}
    assert prove(stores, right=True) is ProofVerdict.LOCKED
    assert proof_of(stores).locked_until == NOON + timedelta(days=1)


def test_looking_up_a_number_uses_its_index(stores: Stores) -> None:
    if stores.engine.dialect.name != "sqlite":
        return  # PostgreSQL chooses by table size
    from sqlalchemy import event

    seen: list[str] = []
    event.listen(stores.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    stores.shelf.people(PHONE)
    stores.shelf.of_person(PHONE, BINH_KEY)
    stores.challenges.known(PHONE)
    lookups = [statement for statement in seen if statement.startswith("SELECT")]
    assert len(lookups) == 3
    with stores.engine.connect() as connection:
        for statement in lookups:
            marks = tuple("x" * statement.count("?"))
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", marks).all()
            assert "ix_result_phone" in str(plan), (statement, plan)
