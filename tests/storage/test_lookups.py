"""Look-ups: counted alike for every process, and the results that they may rest on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from core.lookups.limits import HOUR, MISSES, OFFICER_A_MINUTE, Limit, Pace, Paused, paused
from core.lookups.ports import Lookup
from core.ports import Origin
from core.results.reported import DocumentType
from core.results.result import Document
from core.results.versions import Change
from storage.encryption import Keyring
from storage.housekeeping import expire
from storage.lookups import LookupStore
from storage.rows import LOOKUP
from storage.shelf import MOST_OTHERS
from tests.storage.conftest import Stores
from tests.storage.samples import BINH, DENGUE, HIV, NOON, PCR, TB, UNIT, item, result, version

CARD = BINH.documents
MOST = 5


@pytest.fixture
def lookups(engine: Engine) -> LookupStore:
    return LookupStore(engine)


def one(number: int, at: datetime = NOON, officer: str = "tin", place: str = "CHOT1") -> Lookup:
    return Lookup(f"{officer}-{number}", officer, place, at)


def test_the_pace_counts_by_officer_by_place_and_by_time(lookups: LookupStore) -> None:
    seen: list[Pace] = []

    def look(pace: Pace, now: datetime) -> Paused | None:
        seen.append(pace)
        return None

    lookups.begin(one(1, NOON - timedelta(hours=2)), look)
    lookups.begin(one(2, NOON - timedelta(minutes=30)), look)
    lookups.begin(one(3, NOON - timedelta(seconds=30)), look)
    lookups.begin(one(4, NOON - timedelta(seconds=20), officer="hoa"), look)
    lookups.begin(one(5, NOON - timedelta(seconds=10), place="CHOT2"), look)
    lookups.finish("tin-3", missed=False)
    lookups.begin(one(6), look)
    assert seen[-1] == Pace(
        officer_minute=2,
        officer_hour=3,
        place_minute=2,
        place_hour=3,
        misses=(
            NOON - timedelta(seconds=10),
            NOON - timedelta(minutes=30),
            NOON - timedelta(hours=2),
        ),
    )


def test_a_refused_look_up_is_not_counted(lookups: LookupStore, engine: Engine) -> None:
    assert lookups.begin(one(1), lambda pace, now: Paused(Limit.PLACE, now))
    with engine.connect() as connection:
        assert connection.execute(select(LOOKUP)).all() == []


def test_parallel_look_ups_share_one_count(lookups: LookupStore, pool: ThreadPoolExecutor) -> None:
    def begin(number: int) -> Paused | None:
        return lookups.begin(one(number, place=f"P{number % 3}"), paused)

    refused = list(pool.map(begin, range(3 * MISSES)))
    assert refused.count(None) == MISSES  # until it is known, each counts as a miss


def test_parallel_hits_share_the_limit_of_a_minute(
    lookups: LookupStore, pool: ThreadPoolExecutor
) -> None:
    def hit(number: int) -> bool:
        def not_for_misses(pace: Pace, now: datetime) -> Paused | None:
            return paused(replace(pace, misses=()), now)

        return lookups.begin(one(number), not_for_misses) is None

    assert sum(pool.map(hit, range(OFFICER_A_MINUTE + 20))) == OFFICER_A_MINUTE


def test_counts_are_forgotten_when_no_limit_looks_back_so_far(
    lookups: LookupStore, engine: Engine
) -> None:
    lookups.begin(one(1), paused)
    assert expire(engine, NOON + HOUR).lookups == 0
    assert expire(engine, NOON + 3 * HOUR).lookups == 1


def keep(stores: Stores, *versions: Any) -> None:
    for each in versions:
        stores.intake.store(UNIT.code, Origin("f"), [item(result_id=None)], [each], NOON)


def found(stores: Stores, code: str = "", documents: tuple[Document, ...] = CARD) -> list[str]:
    return [each.result_id for each in stores.shelf.shareable(code, documents, MOST).items]


def test_results_are_found_by_card_newest_collection_first(stores: Stores) -> None:
    old = result("X-1", collected_at=NOON - timedelta(days=2))
    keep(stores, version("r1", old), version("r2", result("X-2")))
    assert found(stores) == ["r2", "r1"]
    assert found(stores, documents=(Document(DocumentType.NATIONAL_ID, "0" * 12),)) == []
    (first, _) = stores.shelf.shareable("", CARD, MOST).items
    assert first.certificate
    assert first.result.person.birth_date == BINH.birth_date


def test_results_are_found_by_short_code(stores: Stores) -> None:
    keep(stores, version("r1"), replace(version("r2", result("X-2")), short_code="OTHER000"))
    assert found(stores, "ABCDEFG0", ()) == ["r1"]
    assert found(stores, "ZZZZZZZZ", ()) == []


def test_any_of_several_documents_is_enough(stores: Stores) -> None:
    keep(stores, version("r1"))
    other = Document(DocumentType.CITIZEN_ID, "271234567")
    assert found(stores, documents=(other, *CARD)) == ["r1"]


def test_only_class_a_is_found(stores: Stores) -> None:
    sensitive = [
        version(f"r{n}", result(f"X-{n}", test=test)) for n, test in enumerate((DENGUE, TB, HIV))
    ]
    keep(stores, *sensitive)
    assert found(stores) == []
    keep(stores, version("r9", result("X-9", test=PCR)))
    assert found(stores) == ["r9"]


def test_results_of_other_classes_crowd_none_out(stores: Stores) -> None:
    old = result("X-0", collected_at=NOON - timedelta(days=1))
    newer = [version(f"r{n}", result(f"X-{n}", test=DENGUE)) for n in range(1, MOST + 1)]
    keep(stores, version("r0", old), *newer)
    assert found(stores) == ["r0"]


def beside(stores: Stores, code: str = "", documents: tuple[Document, ...] = CARD) -> list[str]:
    return [each.accession for each in stores.shelf.shareable(code, documents, MOST).others]


def test_results_of_the_same_person_are_beside_whatever_their_number(stores: Stores) -> None:
    nameless = replace(BINH, documents=())
    misspelt = replace(BINH, given="Thị Ngọc Anh Thư", birth_date="")
    stranger = replace(BINH, given="Thị Hoa", documents=())
    keep(
        stores,
        version("r1"),
        replace(version("r2", result("X-2", person=nameless)), short_code="OTHER002"),
        replace(version("r3", result("X-3", person=misspelt)), short_code="OTHER003"),
        replace(version("r4", result("X-4", person=stranger)), short_code="OTHER004"),
        replace(version("r5", result("X-5", test=DENGUE)), short_code="OTHER005"),
        replace(
            version("r6", result("X-6", collected_at=NOON - timedelta(days=1))),
            short_code="OTHER006",
        ),
    )
    assert found(stores, "ABCDEFG0", ()) == ["r1"]
    assert sorted(beside(stores, "ABCDEFG0", ())) == ["X-1", "X-2", "X-3"]
    assert sorted(beside(stores)) == ["X-1", "X-2", "X-3", "X-6"]
    assert beside(stores, "ZZZZZZZZ", ()) == []


def test_a_withdrawn_result_is_not_beside(stores: Stores) -> None:
    nameless = result("X-2", person=replace(BINH, documents=()))
    keep(stores, version("r1"), version("r2", nameless))
    keep(stores, version("r3", nameless, number=2, supersedes="r2", change=Change.WITHDRAWN))
    assert beside(stores) == ["X-1"]


def test_too_many_beside_are_said_to_be_too_many(stores: Stores) -> None:
    nameless = replace(BINH, documents=())
    keep(stores, version("r0"))
    for number in range(1, MOST_OTHERS + 1):
        assert stores.shelf.shareable("", CARD, MOST).complete
        keep(stores, version(f"r{number}", result(f"Y-{number}", person=nameless)))
    crowded = stores.shelf.shareable("", CARD, MOST)
    assert not crowded.complete
    assert len(crowded.others) == MOST_OTHERS


def test_what_is_beside_is_found_by_indexes(stores: Stores) -> None:
    statements: list[tuple[str, Any]] = []

    def note(*given: Any) -> None:
        statements.append((given[2], given[3]))

    event.listen(stores.engine, "before_cursor_execute", note)
    keep(stores, version("r1"))
    statements.clear()
    found(stores)
    statement, values = statements[-1]
    is_sqlite = stores.engine.dialect.name == "sqlite"
    with stores.engine.connect() as connection:
        if not is_sqlite:
            connection.exec_driver_sql("SET enable_seqscan = off")  # of a table with one row
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        lines = [str(row) for row in connection.exec_driver_sql(explain + statement, values)]
    plan = "\n".join(lines)
    assert "ix_result_person" in plan
    assert "Seq Scan" not in plan
    assert "SCAN result" not in plan


def test_a_corrected_version_replaces_the_old_one_and_a_withdrawn_one_is_gone(
    stores: Stores,
) -> None:
    keep(stores, version("r1"))
    keep(stores, version("r2", number=2, supersedes="r1", change=Change.CORRECTED))
    assert found(stores) == ["r2"]
    keep(stores, version("r3", number=3, supersedes="r2", change=Change.WITHDRAWN))
    assert found(stores) == []


def test_none_one_and_many_take_the_same_statements_and_open_as_much(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    opened: list[str] = []
    event.listen(stores.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    real = Keyring.open

    def count(self: Keyring, sealed: bytes, purpose: str, row: str = "") -> bytes:
        opened.append(purpose)
        return real(self, sealed, purpose, row)

    monkeypatch.setattr(Keyring, "open", count)
    costs = []
    for number in range(3):
        statements.clear()
        opened.clear()
        found(stores)
        costs.append((tuple(statements), len(opened)))
        keep(stores, version(f"r{number}", result(f"X-{number}")))
    assert len(set(costs)) == 1
