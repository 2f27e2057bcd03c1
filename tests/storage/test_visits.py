"""Visits: a ticket is used once, whoever comes at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from core.citizens.visit import Visit
from tests.storage.conftest import Stores
from tests.storage.samples import NOON, PHONE

VISIT = Visit("v1", 0, PHONE, "c1", NOON + timedelta(minutes=10))


def test_a_ticket_gives_the_visit_with_its_next_step(stores: Stores) -> None:
    stores.visits.add(VISIT)
    assert stores.visits.advance("v1", 0, NOON) == replace(VISIT, step=1)


def test_two_uses_of_a_ticket_at_once_let_exactly_one_through(
    stores: Stores, pool: ThreadPoolExecutor
) -> None:
    stores.visits.add(VISIT)
    used = list(pool.map(lambda _: stores.visits.advance("v1", 0, NOON), range(20)))
    assert [visit for visit in used if visit] == [replace(VISIT, step=1)]


def test_a_used_a_future_and_a_late_ticket_lead_nowhere(stores: Stores) -> None:
    stores.visits.add(VISIT)
    assert stores.visits.advance("v1", 1, NOON) is None
    assert stores.visits.advance("v2", 0, NOON) is None
    assert stores.visits.advance("v1", 0, VISIT.expires_at) is None
    assert stores.visits.advance("v1", 0, NOON) is not None
    assert stores.visits.advance("v1", 0, NOON) is None


def test_a_look_uses_no_ticket_up_and_sees_only_what_a_ticket_opens(stores: Stores) -> None:
    stores.visits.add(VISIT)
    assert stores.visits.look("v1", 0, NOON) == VISIT
    assert stores.visits.look("v1", 1, NOON) is None
    assert stores.visits.look("v2", 0, NOON) is None
    assert stores.visits.look("v1", 0, VISIT.expires_at) is None
    assert stores.visits.advance("v1", 0, NOON) is not None
    assert stores.visits.look("v1", 0, NOON) is None


def test_a_step_stores_what_it_learnt_but_not_its_number(stores: Stores) -> None:
    stores.visits.add(VISIT)
    learnt = replace(
        VISIT, step=7, verified=True, person_key="ab", proven=True, result_id="r1", phone=""
    )
    stores.visits.save(learnt)
    assert stores.visits.advance("v1", 0, NOON) == replace(learnt, step=1)
