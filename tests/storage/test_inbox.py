"""The inbox: everything is kept, counted, and found by staff in their scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event

from core.ports import InboxRow, Origin, ResultRow
from core.results.intake import NOT_KEPT
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
    stores.intake.store(facility, Origin("tệp.hl7"), items, results, at)


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
    assert stores.inbox.counts(NOON + HOUR) == [replace(count, change=Change.DUPLICATE)]
    assert stores.inbox.counts(NOON + 2 * HOUR) == []


def test_what_waited_and_was_taken_in_again_counts_as_what_it_became(stores: Stores) -> None:
    receive(stores, item(change=Change.QUARANTINED))
    receive(stores, item(result_id="r1"), results=[version("r1")], at=NOON + HOUR)
    (count,) = stores.inbox.counts(NOON + HOUR)
    assert (count.change, count.count) == (Change.ACCEPTED, 1)


@pytest.mark.parametrize("facilities", [None, frozenset({UNIT.code})])
def test_the_board_and_what_waits_are_read_along_indexes(
    stores: Stores, facilities: frozenset[str] | None
) -> None:
    if stores.engine.dialect.name != "sqlite":
        return  # PostgreSQL keeps statistics and needs no hint
    asked: list[str] = []
    event.listen(stores.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    stores.inbox.counts(NOON)
    stores.inbox.reasons(facilities)
    stores.inbox.quarantined(facilities, 9)
    for statement in [each for each in asked if each.startswith("SELECT")]:
        with stores.engine.connect() as connection:
            marks = tuple("x" for _ in range(statement.count("?")))
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", marks).all()
        first = plan[0].detail
        assert "ix_inbox" in first, (statement, first)


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


UNKNOWN = (Finding("unknown_test", "test", "LIS|X"),)


def test_waiting_items_are_counted_by_their_first_reason(stores: Stores) -> None:
    receive(stores, BAD, item(4, b"4", change=Change.QUARANTINED, errors=UNKNOWN), item())
    receive(stores, BAD, facility=OTHER_UNIT.code)
    assert stores.inbox.reasons(frozenset({UNIT.code})) == {
        (UNIT.code, "no_name"): 1, (UNIT.code, "unknown_test"): 1,
    }  # fmt: skip
    assert stores.inbox.reasons(None)[OTHER_UNIT.code, "no_name"] == 1


def test_what_can_be_replayed_is_found_by_reason_and_by_id(stores: Stores) -> None:
    unknown = item(4, b"4", change=Change.QUARANTINED, errors=UNKNOWN, part=2, row=9)
    receive(stores, BAD, item())
    receive(stores, unknown, at=NOON + HOUR)
    both = stores.inbox.kept(UNIT.code)
    assert [kept.raw for kept in both] == [b"PID|broken", b"4"]
    (found,) = stores.inbox.kept(UNIT.code, reason="unknown_test")
    assert (found.part, found.row, found.origin) == (2, 9, Origin("tệp.hl7"))
    assert stores.inbox.kept(UNIT.code, ids=[found.id, "BVTHU:zz"]) == [found]
    assert len(stores.inbox.kept(UNIT.code, limit=1)) == 1
    assert stores.inbox.kept(OTHER_UNIT.code, ids=[found.id]) == []


def test_replays_with_a_limit_reach_everything_in_the_end(stores: Stores) -> None:
    for number in range(4):
        waiting = item(number, b"%d" % number, change=Change.QUARANTINED, errors=UNKNOWN)
        receive(stores, waiting, at=NOON + number * HOUR)
    reached = []
    for turn in range(2):
        kept = stores.inbox.kept(UNIT.code, limit=2)
        reached += [each.raw for each in kept]
        again = [
            item(i, each.raw, change=Change.QUARANTINED, errors=UNKNOWN)
            for i, each in enumerate(kept)
        ]
        receive(stores, *again, at=NOON + (5 + turn) * HOUR)  # they still wait
    assert reached == [b"0", b"1", b"2", b"3"]


def test_what_was_never_kept_takes_nobodys_place_in_a_replay(stores: Stores) -> None:
    huge = item(0, b"huge.csv", change=Change.QUARANTINED, errors=(Finding("too_large"),))
    stores.intake.store(UNIT.code, Origin("huge.csv", format=NOT_KEPT), [huge], [], NOON)
    receive(stores, BAD, at=NOON + HOUR)
    assert [each.raw for each in stores.inbox.kept(UNIT.code, limit=1)] == [BAD.raw]


def test_a_pilots_items_come_as_they_arrived_however_often(stores: Stores) -> None:
    first, second = (
        item(n, b"%d" % n, change=Change.IGNORED, warnings=(Finding("pilot"),)) for n in (1, 2)
    )
    receive(stores, first)
    receive(stores, second, at=NOON + HOUR)
    receive(stores, first, at=NOON + 2 * HOUR)
    assert [each.raw for each in stores.inbox.kept(UNIT.code, pilots=True)] == [b"1", b"2"]


def test_a_pilots_items_are_found_although_they_were_ignored(stores: Stores) -> None:
    pilot = item(5, b"5", change=Change.IGNORED, warnings=(Finding("pilot"),))
    receive(stores, pilot, item(6, b"6", change=Change.IGNORED, warnings=(Finding("x"),)))
    assert [kept.raw for kept in stores.inbox.kept(UNIT.code, pilots=True)] == [b"5"]


def test_no_reason_and_no_id_leads_a_replay_to_a_pilots_items(stores: Stores) -> None:
    pilot = item(5, b"5", change=Change.IGNORED, warnings=(Finding("pilot"),))
    receive(stores, pilot)
    assert stores.inbox.kept(UNIT.code, reason="pilot") == []
    (found,) = stores.inbox.kept(UNIT.code, pilots=True)
    assert stores.inbox.kept(UNIT.code, ids=[found.id]) == []


def test_a_replayed_item_tells_its_new_outcome_in_the_same_row(stores: Stores) -> None:
    unknown = item(4, b"4", change=Change.QUARANTINED, errors=UNKNOWN)
    receive(stores, unknown)
    mended = item(4, b"4", result_id="r1")
    receive(stores, mended, results=[version("r1")], at=NOON + HOUR)
    assert stores.inbox.kept(UNIT.code) == []
    assert stores.inbox.reasons(None) == {}


def test_the_lineage_of_an_item_leads_to_its_messages(stores: Stores) -> None:
    receive(stores, item(result_id="r1"), BAD, results=[version("r1")])
    good = f"{UNIT.code}:{item().raw_index.hex()}"
    found = stores.inbox.lineage(good)
    assert found is not None
    assert (found.result_id, found.version, found.standing) == ("r1", 1, "good")
    assert found.uvci is not None
    assert [(each[0], each[1]) for each in found.deliveries] == [("ready", "pending")]
    bad = stores.inbox.lineage(f"{UNIT.code}:{BAD.raw_index.hex()}")
    assert bad is not None
    assert (bad.errors, bad.result_id, bad.deliveries) == (BAD.errors, None, ())
    assert stores.inbox.lineage("BVTHU:zz") is None


def test_a_facilitys_items_are_tallied_by_outcome_and_first_reason(stores: Stores) -> None:
    pilot = item(1, b"a", change=Change.IGNORED, warnings=(Finding("pilot"),))
    receive(stores, BAD, pilot, item(2, b"b", change=Change.IGNORED, warnings=(Finding("pilot"),)))
    receive(stores, BAD, facility=OTHER_UNIT.code)
    assert stores.inbox.tally(UNIT.code) == {
        (Change.QUARANTINED, "no_name"): 1,
        (Change.IGNORED, "pilot"): 2,
    }
