"""Documents as they are served: one winner a version, old ones and their batches go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine, func, select

from core.certificates.documents import DocumentType
from core.certificates.publishing import Published
from core.certificates.revocations import Batch, HashKind
from storage.documents import DocumentStore
from storage.rows import DOCUMENT
from tests.storage.samples import NOON


def document(version: int = 1, kind: DocumentType = DocumentType.REVOCATIONS) -> Published:
    return Published(
        kind, version, NOON, NOON + timedelta(hours=12), f"s{version}", f"a.b.{version}"
    )


def batch(number: int) -> Batch:
    return Batch(HashKind.UVCI, None, number.to_bytes(16))


@pytest.fixture
def store(engine: Engine) -> DocumentStore:
    return DocumentStore(engine)


def test_the_newest_version_of_each_kind_is_served(store: DocumentStore) -> None:
    assert store.latest(DocumentType.RULES) is None
    store.publish(document(1), after=0, batches=[], now=NOON)
    store.publish(document(7), after=1, batches=[], now=NOON)
    store.publish(document(3, DocumentType.RULES), after=0, batches=[], now=NOON)
    assert store.latest(DocumentType.REVOCATIONS) == document(7)
    assert store.latest(DocumentType.RULES) == document(3, DocumentType.RULES)


def test_of_many_clocks_that_follow_the_same_version_one_wins(
    store: DocumentStore, engine: Engine
) -> None:
    store.publish(document(1), after=0, batches=[], now=NOON)
    gate = Barrier(8)

    def clock(number: int) -> bool:
        gate.wait()
        mine = replace(document(number + 10), text=str(number))
        return store.publish(mine, after=1, batches=[batch(number)], now=NOON)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(clock, range(8)))
    assert won.count(True) == 1
    latest = store.latest(DocumentType.REVOCATIONS)
    assert latest is not None
    assert latest.text == str(won.index(True))
    stored = [store.batch(batch(number).id) is not None for number in range(8)]
    assert stored == won
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(DOCUMENT)).scalar() == 2


def test_a_batch_is_found_by_its_name_and_kept_for_a_week_after_it_was_listed(
    store: DocumentStore,
) -> None:
    store.publish(document(1), after=0, batches=[batch(1), batch(2)], now=NOON)
    store.publish(document(2), after=1, batches=[batch(2)], now=NOON + timedelta(days=7))
    assert store.batch(batch(1).id) == batch(1).entries
    store.publish(document(3), after=2, batches=[], now=NOON + timedelta(days=7, seconds=1))
    assert store.batch(batch(1).id) is None
    assert store.batch(batch(2).id) == batch(2).entries
    assert store.batch("nothing") is None


def test_old_versions_are_dropped_and_other_kinds_left_alone(
    store: DocumentStore, engine: Engine
) -> None:
    store.publish(document(1, DocumentType.RULES), after=0, batches=[], now=NOON)
    for number in range(1, 12):
        store.publish(document(number), after=number - 1, batches=[], now=NOON)
    kinds = select(DOCUMENT.c.kind, func.count()).group_by(DOCUMENT.c.kind)
    with engine.connect() as connection:
        counted = {row[0]: row[1] for row in connection.execute(kinds)}
    assert counted == {"ketqua-revocations": 5, "ketqua-rules": 1}
