"""The inbox: everything is kept, counted, and found by staff in their scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from core.ports import InboxRow, ResultRow
from core.results.reported import Finding
from core.results.versions import Change
from storage.inbox import facility_of
from tests.storage.conftest import Stores
from tests.storage.samples import NOON, OTHER_UNIT, UNIT, item, version

HOUR = timedelta(hours=1)
NO_NAME = Finding("no_name", "patient.name")
BAD = item(3, b"PID|broken", change=Change.QUARANTINED, errors=(NO_NAME, Finding("x", "y", "z")))


def receive(
    stores: Stores,
    *items: InboxRow,
    at: datetime = NOON,
    facility: str = UNIT.code,
    results: Sequence[ResultRow] = (),
) -> None:
    stores.intake.store(facility, "tệp.hl7", items, results, at)


def outcomes(stores: Stores) -> list[tuple[str, str, int]]:
    return [(c.facility, str(c.change), c.count) for c in stores.inbox.counts(NOON - HOUR)]


def test_a_quarantined_item_keeps_its_bytes_and_reasons(stores: Stores) -> None:
    receive(stores, BAD, item())
    (kept,) = stores.inbox.quarantined(None, 9)
    assert (kept.facility, kept.source, kept.index) == (UNIT.code, "tệp.hl7", 3)
    assert kept.errors == BAD.errors
    assert kept.received_at == NOON
    assert stores.inbox.raw(kept.id) == b"PID|broken"
    assert facility_of(kept.id) == UNIT.code


def test_staff_see_the_items_of_their_facilities_newest_first(stores: Stores) -> None:
    receive(stores, BAD)
    receive(stores, BAD, at=NOON + HOUR, facility=OTHER_UNIT.code)
    newest = [kept.facility for kept in stores.inbox.quarantined(None, 9)]
    assert newest == [OTHER_UNIT.code, UNIT.code]
    mine = stores.inbox.quarantined(frozenset({UNIT.code}), 9)
    assert [kept.facility for kept in mine] == [UNIT.code]
    assert stores.inbox.quarantined(frozenset(), 9) == []
    assert len(stores.inbox.quarantined(None, 1)) == 1


@pytest.mark.parametrize("wanted", ["", ":", "BVTHU:", "BVTHU:zz", "BVTHU:00", "x:" + "00" * 16])
def test_an_id_that_is_none_has_no_bytes(stores: Stores, wanted: str) -> None:
    receive(stores, BAD)
    assert stores.inbox.raw(wanted) is None


def test_one_facilitys_bytes_are_not_found_under_another(stores: Stores) -> None:
    receive(stores, BAD)
    assert stores.inbox.raw(f"{OTHER_UNIT.code}:{BAD.raw_index.hex()}") is None


def test_the_same_bytes_are_one_item_seen_twice(stores: Stores) -> None:
    receive(stores, item(result_id="r1"), results=[version("r1")])
    receive(stores, item(change=Change.DUPLICATE, result_id="r1"), at=NOON + HOUR)
    (count,) = stores.inbox.counts(NOON - HOUR)
    assert (count.change, count.count, count.latest) == (Change.ACCEPTED, 1, NOON + HOUR)
    assert stores.inbox.counts(NOON + HOUR) == [count]
    assert stores.inbox.counts(NOON + 2 * HOUR) == []


def test_the_same_bytes_twice_in_one_batch_are_one_item(stores: Stores) -> None:
    receive(stores, item(), item(change=Change.DUPLICATE), BAD)
    assert outcomes(stores) == [(UNIT.code, "accepted", 1), (UNIT.code, "quarantined", 1)]


def test_a_quarantined_item_that_is_accepted_on_replay_leaves_quarantine(stores: Stores) -> None:
    receive(stores, BAD)
    repaired = item(3, b"PID|broken", result_id="r1")
    receive(stores, repaired, results=[version("r1")])
    assert stores.inbox.quarantined(None, 9) == []
    assert outcomes(stores) == [(UNIT.code, "accepted", 1)]


def test_an_item_refused_again_tells_the_newest_reason(stores: Stores) -> None:
    receive(stores, BAD)
    receive(stores, item(3, b"PID|broken", change=Change.QUARANTINED, errors=(NO_NAME,)))
    (kept,) = stores.inbox.quarantined(None, 9)
    assert kept.errors == (NO_NAME,)


def test_outcomes_are_counted_per_facility(stores: Stores) -> None:
    receive(stores, item(0, b"a"), item(1, b"b"), BAD)
    receive(stores, item(0, b"a"), facility=OTHER_UNIT.code)
    assert outcomes(stores) == [
        (UNIT.code, "accepted", 2), (UNIT.code, "quarantined", 1), (OTHER_UNIT.code, "accepted", 1),
    ]  # fmt: skip
