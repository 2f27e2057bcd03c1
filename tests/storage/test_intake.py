"""Intake: versions, their certificates, and two writers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core.messages.delivery import LEASE
from core.ports import Conflict, Origin, ResultRow
from core.results.reported import ReportStatus
from core.results.versions import Change
from storage.intake import _UNSENT_BEFORE
from storage.rows import CERTIFICATE, DELIVERY, INBOX, LINK, RESULT
from tests.storage.conftest import Stores
from tests.storage.samples import (
    BINH,
    DENGUE,
    NOON,
    OTHER_UNIT,
    UNIT,
    certificate,
    item,
    result,
    version,
)

REPORT = ("X-1", "SARSCOV2-PCR")


def store(stores: Stores, *versions: ResultRow, facility: str = UNIT.code) -> None:
    stores.intake.store(facility, Origin("file.hl7"), [], versions, NOON)


def correction(earlier: str, result_id: str, number: int, **changes: Any) -> ResultRow:
    return version(
        result_id, result(**changes), number=number, supersedes=earlier, change=Change.CORRECTED
    )


def withdrawal(earlier: str, result_id: str, number: int) -> ResultRow:
    return version(
        result_id,
        result(status=ReportStatus.WITHDRAWN),
        number=number,
        supersedes=earlier,
        change=Change.WITHDRAWN,
        certified=False,
        told=False,
    )


def standing(stores: Stores, result_id: str) -> str:
    return stores.standings.standing(certificate(result_id).uvci)


def counts(stores: Stores) -> list[int | None]:
    with stores.engine.connect() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (RESULT, CERTIFICATE, DELIVERY, LINK, INBOX)
        ]


def test_what_is_stored_is_found_as_current(stores: Stores) -> None:
    row = version("r1")
    store(stores, row)
    found = stores.intake.current(UNIT.code, [REPORT, ("X-2", "SARSCOV2-PCR")])
    assert list(found) == [REPORT]
    stored = found[REPORT]
    assert (stored.result_id, stored.version, stored.withdrawn) == ("r1", 1, False)
    assert (stored.content_mac, stored.person_index) == (row.content_mac, row.person_index)
    assert stored.reported_at == row.result.reported_at
    assert stored.announced is True


def test_an_accession_belongs_to_its_facility_and_test(stores: Stores) -> None:
    store(stores, version("r1"), version("r2", result(test=DENGUE), certified=False))
    assert stores.intake.current(OTHER_UNIT.code, [REPORT]) == {}
    found = stores.intake.current(UNIT.code, [("X-1", "DENGUE-NS1")])
    assert found["X-1", "DENGUE-NS1"].result_id == "r2"
    store(stores, version("r3"), facility=OTHER_UNIT.code)
    assert stores.intake.current(OTHER_UNIT.code, [REPORT])[REPORT].result_id == "r3"


def test_any_number_of_reports_is_looked_up_at_once(stores: Stores) -> None:
    rows = [version(f"r{n}", result(f'X"{n}\\ẫ')) for n in range(1200)]
    store(stores, *rows)
    wanted = [(f'X"{n}\\ẫ', "SARSCOV2-PCR") for n in range(1200)]
    assert stores.intake.current(UNIT.code, wanted).keys() == set(wanted)
    assert stores.intake.current(UNIT.code, []) == {}


def test_a_correction_takes_the_place_and_spoils_the_old_certificate(stores: Stores) -> None:
    store(stores, version("r1"))
    assert standing(stores, "r1") == "good"
    store(stores, correction("r1", "r2", 2))
    assert stores.intake.current(UNIT.code, [REPORT])[REPORT].result_id == "r2"
    assert (standing(stores, "r1"), standing(stores, "r2")) == ("corrected", "good")


def test_a_withdrawal_revokes_every_earlier_certificate(stores: Stores) -> None:
    store(stores, version("r1"))
    store(stores, correction("r1", "r2", 2))
    store(stores, withdrawal("r2", "r3", 3))
    assert stores.intake.current(UNIT.code, [REPORT])[REPORT].withdrawn
    assert [standing(stores, name) for name in ("r1", "r2")] == ["revoked", "revoked"]


def test_another_reports_certificate_is_left_alone(stores: Stores) -> None:
    store(stores, version("r1"), version("n1", result("X-2")))
    store(stores, version("o1"), facility=OTHER_UNIT.code)
    store(stores, withdrawal("r1", "r2", 2))
    assert [standing(stores, name) for name in ("r1", "n1", "o1")] == ["revoked", "good", "good"]


def test_several_versions_in_one_batch_leave_the_last_current(stores: Stores) -> None:
    store(
        stores, version("r1"), correction("r1", "r2", 2), withdrawal("r2", "r3", 3),
        version("n1", result("X-2")),
    )  # fmt: skip
    found = stores.intake.current(UNIT.code, [REPORT, ("X-2", "SARSCOV2-PCR")])
    assert [stored.result_id for stored in found.values()] == ["r3", "n1"]
    assert [standing(stores, name) for name in ("r1", "r2", "n1")] == ["revoked", "revoked", "good"]


def test_a_version_remembers_that_an_earlier_one_was_announced(stores: Stores) -> None:
    store(stores, version("r1"))
    quiet = replace(correction("r1", "r2", 2), message=None, link_hash=None)
    store(stores, quiet)
    assert stores.intake.current(UNIT.code, [REPORT])[REPORT].announced is True


def test_a_version_nobody_was_told_of_is_not_announced(stores: Stores) -> None:
    store(stores, version("r1", told=False))
    assert stores.intake.current(UNIT.code, [REPORT])[REPORT].announced is False
    told = correction("r1", "r2", 2)
    store(stores, told)
    assert stores.intake.current(UNIT.code, [REPORT])[REPORT].announced is True


def test_a_second_first_version_is_a_conflict_that_stores_nothing(stores: Stores) -> None:
    store(stores, version("r1"))
    before = counts(stores)
    with pytest.raises(Conflict):
        stores.intake.store(
            UNIT.code, Origin("f"), [item()], [version("n1", result("X-9")), version("r2")], NOON
        )
    assert counts(stores) == before


def test_superseding_what_is_no_longer_current_is_a_conflict(stores: Stores) -> None:
    store(stores, version("r1"))
    store(stores, correction("r1", "r2", 2))
    before = counts(stores)
    with pytest.raises(Conflict):
        store(stores, correction("r1", "r2b", 2))
    assert counts(stores) == before
    assert standing(stores, "r2") == "good"


def test_superseding_what_was_never_stored_is_a_conflict(stores: Stores) -> None:
    with pytest.raises(Conflict):
        store(stores, correction("nobody", "r2", 2))
    assert counts(stores) == [0, 0, 0, 0, 0]


def test_an_unknown_facility_is_an_error_not_a_conflict(stores: Stores) -> None:
    with pytest.raises(IntegrityError):
        store(stores, version("r1"), facility="NOBODY")


@pytest.mark.parametrize("earlier", [None, "r1"])
def test_of_parallel_writers_exactly_one_wins(
    stores: Stores, pool: ThreadPoolExecutor, earlier: str | None
) -> None:
    if earlier:
        store(stores, version(earlier))
    number = 2 if earlier else 1

    def write(n: int) -> bool:
        try:
            store(stores, version(f"w{n}", number=number, supersedes=earlier))
        except Conflict:
            return False
        return True

    assert sum(pool.map(write, range(12))) == 1
    with stores.engine.connect() as connection:
        current = select(func.count()).select_from(RESULT).where(RESULT.c.is_current)
        assert connection.execute(current).scalar() == 1


def test_writers_that_meet_in_opposite_order_conflict_instead_of_failing(
    stores: Stores, pool: ThreadPoolExecutor
) -> None:
    accessions = [f"X-{n}" for n in range(60)]

    def write(n: int) -> bool:
        order = accessions if n % 2 else accessions[::-1]
        try:
            store(stores, *(version(f"w{n}-{name}", result(name)) for name in order))
        except Conflict:
            return False
        return True

    assert sum(pool.map(write, range(12))) == 1
    assert counts(stores)[0] == len(accessions)


def test_a_message_stored_before_is_not_stored_again(stores: Stores) -> None:
    store(stores, version("r1"))
    again = version("n1", result("X-2"))
    assert again.message is not None
    key = "result:r1:1"
    store(stores, replace(again, message=replace(again.message, dedupe_key=key)))
    assert counts(stores)[2] == 1


def test_a_result_without_phone_document_or_message_is_stored(stores: Stores) -> None:
    nobody = replace(BINH, phone="", documents=())
    store(stores, version("r1", result(person=nobody), certified=False, told=False))
    (found,) = stores.shelf.find("r1")
    assert found.result.person == nobody
    assert counts(stores)[:4] == [1, 0, 0, 0]


def test_an_empty_batch_is_no_trouble(stores: Stores) -> None:
    stores.intake.store(UNIT.code, Origin("f"), [], [], NOON + timedelta(days=1))
    assert counts(stores) == [0, 0, 0, 0, 0]


def test_an_unsent_announcement_never_arrives_after_its_correction(stores: Stores) -> None:
    store(stores, version("r1", result()))
    store(stores, correction("r1", "r2", 2, status=ReportStatus.CORRECTED))
    claimed = stores.deliveries.claim(10, NOON)
    with stores.engine.connect() as connection:
        states = select(DELIVERY.c.result_id, DELIVERY.c.state)
        assert dict(map(tuple, connection.execute(states))) == {
            "r1": "suppressed",
            "r2": "claimed",
        }
    assert len(claimed) == 1


def test_an_announcement_in_flight_is_not_tried_again_and_noted_if_it_left(
    stores: Stores,
) -> None:
    store(stores, version("r1", result()))
    (flying,) = stores.deliveries.claim(10, NOON)
    store(stores, correction("r1", "r2", 2, status=ReportStatus.CORRECTED))
    later = NOON + 2 * LEASE
    assert flying.id not in [each.id for each in stores.deliveries.claim(10, later)]
    stores.deliveries.sent(flying.id, "gw", later)
    with stores.engine.connect() as connection:
        state = select(DELIVERY.c.state).where(DELIVERY.c.id == flying.id)
        assert connection.execute(state).scalar() == "sent"


def test_unsent_announcements_are_found_along_a_small_index(stores: Stores) -> None:
    if stores.engine.dialect.name != "sqlite":
        return  # PostgreSQL chooses by table size
    with stores.engine.connect() as connection:
        plan = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {_UNSENT_BEFORE}".replace(":earlier", "'r1'")
        ).all()
    assert "ix_delivery_unsent" in str(plan)
