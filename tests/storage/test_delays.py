"""Delays of results: counted right, quickly, and never of a sensitive test."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core.ports import Origin
from core.results.delays import Delay, Step, rounded
from core.results.result import Result
from core.results.versions import Change
from storage.delays import STATEMENTS, DelayStore
from storage.engine import writing
from storage.moments import to_micros
from tests.services import count
from tests.storage.conftest import Stores
from tests.storage.samples import DENGUE, HIV, NOON, OTHER_UNIT, TB, UNIT, result, version

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TEN_DAYS = 864_000_000_000  # µs


def waited(
    collected: timedelta, reported: timedelta, accession: str = "X-1", **more: Any
) -> Result:
    """A result collected and reported so long before noon, when it is stored."""
    times = {"collected_at": NOON - collected, "reported_at": NOON - reported}
    return result(accession, **times, **more)


def store(stores: Stores, *contents: Result, unit: str = UNIT.code, told: bool = True) -> None:
    rows = [version(f"{unit}-{c.accession}", c, certified=False, told=told) for c in contents]
    stores.intake.store(unit, Origin("a.hl7"), [], rows, NOON)


def send_all(stores: Stores, after: timedelta) -> None:
    for delivery in stores.deliveries.claim(99, NOON):
        stores.deliveries.sent(delivery.id, "ref", NOON + after)


def delays(stores: Stores) -> dict[str, dict[Step, Delay]]:
    return DelayStore(stores.engine).since(NOON - DAY)


def test_each_step_of_a_result_is_measured(stores: Stores) -> None:
    store(stores, waited(3 * HOUR + 10 * MINUTE, 10 * MINUTE))
    send_all(stores, timedelta(seconds=4))
    found = delays(stores)[UNIT.code]
    assert {step: delay.median for step, delay in found.items()} == {
        Step.REPORTED: 3 * HOUR,
        Step.RELEASED: 10 * MINUTE,
        Step.TOLD: timedelta(seconds=4),
        Step.WHOLE: 3 * HOUR + 10 * MINUTE,
    }


def test_of_many_the_median_and_the_95th_are_told_for_each_facility(stores: Stores) -> None:
    many = [waited(HOUR + n * MINUTE, HOUR, f"X-{n}") for n in range(1, 101)]
    store(stores, *many)
    store(stores, waited(9 * HOUR, HOUR), unit=OTHER_UNIT.code)
    found = delays(stores)
    assert found[UNIT.code][Step.REPORTED] == Delay(50 * MINUTE, 95 * MINUTE, 100)
    assert found[OTHER_UNIT.code][Step.REPORTED] == Delay(8 * HOUR, 8 * HOUR, 1)


@pytest.mark.parametrize("test", [TB, HIV])
def test_a_sensitive_result_leaves_no_trace(stores: Stores, test: Any) -> None:
    store(stores, waited(HOUR, MINUTE, "X-1", test=test))
    send_all(stores, MINUTE)
    assert delays(stores) == {}
    store(stores, waited(2 * HOUR, MINUTE, "X-2", test=DENGUE))
    assert delays(stores)[UNIT.code][Step.WHOLE].results == 1


def test_what_was_not_sent_was_not_told(stores: Stores) -> None:
    store(stores, waited(HOUR, MINUTE))
    (delivery,) = stores.deliveries.claim(9, NOON)
    assert Step.TOLD not in delays(stores)[UNIT.code]
    stores.deliveries.failed(delivery.id, "invalid_number", NOON)
    assert Step.TOLD not in delays(stores)[UNIT.code]


def test_older_results_and_later_versions_are_left_out(stores: Stores) -> None:
    store(stores, waited(HOUR, MINUTE), told=False)
    later = version(
        "new", waited(99 * HOUR, MINUTE), number=2, supersedes=f"{UNIT.code}-X-1",
        change=Change.CORRECTED, certified=False,
    )  # fmt: skip
    stores.intake.store(UNIT.code, Origin("b.hl7"), [], [later], NOON)
    assert delays(stores)[UNIT.code][Step.WHOLE] == Delay(HOUR, HOUR, 1)
    assert DelayStore(stores.engine).since(NOON + MINUTE) == {}


def test_a_laboratory_whose_clock_runs_ahead_waits_no_less_than_nothing(stores: Stores) -> None:
    store(stores, waited(HOUR, -MINUTE))
    assert delays(stores)[UNIT.code][Step.RELEASED].median == timedelta(0)


@pytest.mark.parametrize(
    "span",
    [
        timedelta(0),
        timedelta(seconds=119.9),
        2 * MINUTE,
        61.5 * MINUTE,
        2 * DAY - MINUTE,
        9.4 * DAY,
    ],
    ids=str,
)
def test_the_database_rounds_as_the_rules_do(stores: Stores, span: timedelta) -> None:
    store(stores, waited(span, timedelta(0)))
    expected = timedelta(seconds=rounded(int(span.total_seconds())))
    assert delays(stores)[UNIT.code][Step.REPORTED].median == expected


_SERIES = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :last) ",
    "postgresql": "WITH n AS (SELECT i FROM generate_series(CAST(0 AS bigint), :last) i) ",
}
_FACILITIES = """
    INSERT INTO facility (code, name, short_name, zone, contact, date_order, stage)
    SELECT 'F' || i, 'x', 'x', 'UTC', '', 'dmy', 'live' FROM n"""
_RESULTS = """
    INSERT INTO result (id, facility, accession, test_key, version, is_current, status,
        confidentiality, short_code, announced, content_mac, person_index, collected_at,
        reported_at, stored_at, sealed)
    SELECT 'r' || (1000000000 - i), 'F' || (i % 100), 'A' || i, 'PCR', 1, (1 = 1), 'final',
        CASE WHEN i % 10 = 0 THEN 'C' ELSE 'A' END, 'S' || i, (1 = 1), :nothing, :nothing,
        :noon - i * :step - (i % 900) * 60000000, :noon - i * :step - (i % 7) * 60000000,
        :noon - i * :step, :nothing
    FROM n"""
_DELIVERIES = """
    INSERT INTO delivery (id, dedupe_key, channel, template, state, priority, tries,
        created_at, due_at, finished_at, result_id)
    SELECT 'd' || i, 'k' || i, 'sms', 'ready', 'sent', 1, 1, :noon - i * :step,
        :noon - i * :step, :noon - i * :step + (i % 200) * 1000000, 'r' || (1000000000 - i)
    FROM n"""


def fill(engine: Engine, results: int) -> None:
    """So many results over ten days, of a hundred facilities, each told of."""
    made = {
        "last": results - 1,
        "noon": to_micros(NOON),
        "step": TEN_DAYS // results,
        "nothing": b"",
    }
    series = _SERIES[engine.dialect.name]
    with writing(engine) as connection:
        connection.execute(text(series + _FACILITIES), {"last": 99})
        connection.execute(text(series + _RESULTS), made)
        connection.execute(text(series + _DELIVERIES), made)
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if is_sqlite else "VACUUM ANALYZE")


@pytest.mark.parametrize("step", Step)
def test_the_board_reads_indexes_and_no_table(engine: Engine, step: Step) -> None:
    fill(engine, count(20_000, 1_000_000))
    since = to_micros(NOON - DAY)
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    asked = STATEMENTS[step].params(since=since)
    written = asked.compile(engine, compile_kwargs={"literal_binds": True})
    with engine.connect() as connection:
        plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain}{written}"))
    assert "ix_result_delay" in plan
    assert ("ix_delivery_told" in plan) == (step is Step.TOLD)
    assert "Seq Scan" not in plan
    assert all(
        "COVERING" in line
        for line in plan.splitlines()
        if line.startswith(("SEARCH r", "SEARCH d"))
    )
