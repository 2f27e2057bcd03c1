"""Deliveries: claimed once, found again, never sent too late."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, event, select, update

from core.messages.delivery import LEASE, MAX_TRIES, DeliveryDraft, DeliveryState, Priority
from core.messages.templates import Template
from storage.deliveries import delivery_row, insert_deliveries
from storage.engine import writing
from storage.moments import to_micros
from storage.rows import DELIVERY
from tests.storage.conftest import Stores
from tests.storage.samples import KEYS, NOON, PHONE, message

SECOND = timedelta(seconds=1)


def put(engine: Engine, *drafts: DeliveryDraft) -> None:
    rows = [delivery_row(draft, KEYS, to_micros(NOON)) for draft in drafts]
    with writing(engine) as connection:
        insert_deliveries(connection, rows)


def draft(name: str, **changes: Any) -> DeliveryDraft:
    return replace(message(name), **{"result_id": None} | changes)


def state_of(engine: Engine, name: str) -> tuple[str, str | None]:
    with engine.connect() as connection:
        key = message(name).dedupe_key
        found = connection.execute(select(DELIVERY).where(DELIVERY.c.dedupe_key == key)).one()
        return found.state, found.code


def test_the_most_urgent_message_goes_first_whenever_it_was_stored(stores: Stores) -> None:
    otp = draft("otp", template=Template.OTP, priority=Priority.OTP, text="Ma OTP: 123456")
    put(stores.engine, draft("a"), otp)
    (first,) = stores.deliveries.claim(1, NOON)
    assert (first.to, first.text, first.template, first.tries) == (
        PHONE, "Ma OTP: 123456", Template.OTP, 1,
    )  # fmt: skip


def test_a_dedupe_key_stored_twice_is_sent_once(stores: Stores) -> None:
    put(stores.engine, draft("a"), draft("a", text="again"))
    put(stores.engine, draft("a", text="and again"))
    assert [each.text for each in stores.deliveries.claim(9, NOON)] == [draft("a").text]


def test_workers_in_parallel_never_get_the_same_message(
    stores: Stores, pool: ThreadPoolExecutor
) -> None:
    put(stores.engine, *(draft(str(n)) for n in range(200)))
    claims = list(pool.map(lambda _: stores.deliveries.claim(10, NOON), range(40)))
    ids = [each.id for claim in claims for each in claim]
    assert len(ids) == len(set(ids)) == 200


def test_a_claim_takes_no_more_than_its_limit(stores: Stores) -> None:
    put(stores.engine, *(draft(str(n)) for n in range(30)))
    assert [len(stores.deliveries.claim(20, NOON)) for _ in range(3)] == [20, 10, 0]


def test_a_dead_workers_message_is_claimed_again_after_its_lease(stores: Stores) -> None:
    put(stores.engine, draft("a"))
    stores.deliveries.claim(1, NOON)
    assert stores.deliveries.claim(1, NOON + LEASE - SECOND) == []
    assert [each.tries for each in stores.deliveries.claim(1, NOON + LEASE)] == [2]


def test_a_sent_message_never_comes_again(stores: Stores) -> None:
    put(stores.engine, draft("a"))
    (claimed,) = stores.deliveries.claim(1, NOON)
    stores.deliveries.sent(claimed.id, "gw-1", NOON)
    stores.deliveries.retry(claimed.id, "late_worker", NOON)
    stores.deliveries.failed(claimed.id, "late_worker", NOON)
    assert stores.deliveries.claim(9, NOON + 10 * LEASE) == []
    assert state_of(stores.engine, "a") == (DeliveryState.SENT, None)


def test_a_message_that_left_counts_as_sent_though_another_worker_gave_up(stores: Stores) -> None:
    put(stores.engine, draft("a"))
    (claimed,) = stores.deliveries.claim(1, NOON)
    stores.deliveries.failed(claimed.id, "gave_up", NOON)
    stores.deliveries.sent(claimed.id, "gw-1", NOON)
    assert state_of(stores.engine, "a")[0] == DeliveryState.SENT


def test_a_message_put_off_is_due_then_and_not_before(stores: Stores) -> None:
    put(stores.engine, draft("a"))
    (claimed,) = stores.deliveries.claim(1, NOON)
    stores.deliveries.retry(claimed.id, "busy", NOON + 5 * SECOND)
    assert stores.deliveries.claim(1, NOON + 4 * SECOND) == []
    assert [each.id for each in stores.deliveries.claim(1, NOON + 5 * SECOND)] == [claimed.id]


def test_a_message_past_its_time_fails_instead_of_being_sent(stores: Stores) -> None:
    put(stores.engine, draft("otp", expires_at=NOON + 5 * SECOND), draft("other"))
    late = stores.deliveries.claim(9, NOON + 5 * SECOND)
    assert [each.text for each in late] == [draft("other").text]
    assert state_of(stores.engine, "otp") == (DeliveryState.FAILED, "expired")


def test_a_message_in_a_workers_hands_is_not_declared_expired(stores: Stores) -> None:
    put(stores.engine, draft("otp", expires_at=NOON + 5 * SECOND))
    (claimed,) = stores.deliveries.claim(1, NOON)
    put(stores.engine, draft("other"))
    stores.deliveries.claim(9, NOON + 6 * SECOND)
    assert state_of(stores.engine, "otp") == (DeliveryState.CLAIMED, None)
    stores.deliveries.sent(claimed.id, "gw", NOON)


def damage(engine: Engine, *names: str) -> None:
    keys = [message(name).dedupe_key for name in names]
    with writing(engine) as connection:
        broken = update(DELIVERY).where(DELIVERY.c.dedupe_key.in_(keys))
        connection.execute(broken.values(sealed=b"\x01\x02k1" + b"?" * 40))


def test_a_message_that_does_not_open_fails_and_stops_no_other(stores: Stores) -> None:
    put(stores.engine, draft("a"), draft("broken"), draft("b"))
    damage(stores.engine, "broken")
    assert len(stores.deliveries.claim(9, NOON)) == 2
    assert state_of(stores.engine, "broken") == (DeliveryState.FAILED, "unreadable")
    assert state_of(stores.engine, "a")[0] == DeliveryState.CLAIMED


def test_a_batch_of_nothing_but_broken_messages_leads_to_the_next(stores: Stores) -> None:
    names = [str(n) for n in range(7)]
    put(stores.engine, *(draft(name, priority=Priority.OTP) for name in names), draft("good"))
    damage(stores.engine, *names)
    assert [each.text for each in stores.deliveries.claim(3, NOON)] == [draft("good").text]


def test_a_message_whose_workers_always_die_is_given_up(stores: Stores) -> None:
    put(stores.engine, draft("a"))
    tries = [
        [each.tries for each in stores.deliveries.claim(1, NOON + n * LEASE)]
        for n in range(MAX_TRIES + 2)
    ]
    assert tries == [[n + 1] for n in range(MAX_TRIES)] + [[], []]
    assert state_of(stores.engine, "a") == (DeliveryState.FAILED, "gave_up")


def test_the_last_try_is_its_workers_until_the_lease_ends(stores: Stores) -> None:
    put(stores.engine, draft("a"))
    for n in range(MAX_TRIES):
        stores.deliveries.claim(1, NOON + n * LEASE)
    put(stores.engine, draft("other"))
    stores.deliveries.claim(9, NOON + MAX_TRIES * LEASE - SECOND)
    assert state_of(stores.engine, "a") == (DeliveryState.CLAIMED, None)


def suppressed(name: str, **changes: Any) -> DeliveryDraft:
    return draft(name, state=DeliveryState.SUPPRESSED, priority=Priority.OTP, **changes)


def test_a_suppressed_message_never_leaves(stores: Stores) -> None:
    put(stores.engine, suppressed("a"))
    for n in range(MAX_TRIES + 2):
        assert stores.deliveries.claim(9, NOON + n * LEASE) == []
    assert state_of(stores.engine, "a") == (DeliveryState.SUPPRESSED, "decoy")


def test_a_suppressed_message_past_its_time_ends_as_suppressed(stores: Stores) -> None:
    put(stores.engine, suppressed("a", expires_at=NOON + SECOND))
    assert stores.deliveries.claim(9, NOON + LEASE) == []
    assert state_of(stores.engine, "a") == (DeliveryState.SUPPRESSED, "decoy")


def test_suppressed_messages_hold_up_no_real_one(stores: Stores) -> None:
    put(stores.engine, *(suppressed(str(n)) for n in range(7)), draft("good"))
    assert [each.text for each in stores.deliveries.claim(3, NOON)] == [draft("good").text]


def statements(stores: Stores, work: Callable[[], object]) -> list[str]:
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    event.listen(stores.engine, "before_cursor_execute", note)
    work()
    event.remove(stores.engine, "before_cursor_execute", note)
    return seen


def test_a_suppressed_message_costs_the_worker_what_a_real_one_does(stores: Stores) -> None:
    def send() -> None:
        while claimed := stores.deliveries.claim(5, NOON):
            for each in claimed:
                stores.deliveries.sent(each.id, "gw", NOON)

    put(stores.engine, draft("real", priority=Priority.OTP))
    real = statements(stores, send)
    put(stores.engine, suppressed("decoy"))
    decoy = statements(stores, send)
    writes = [[s.split()[0] for s in seen] for seen in (real, decoy)]
    assert writes[0] == writes[1]
    assert {"UPDATE", "WITH"} <= set(writes[0])  # hopeless ones and the end; the claim


def test_finding_due_messages_uses_the_small_index(stores: Stores) -> None:
    if stores.engine.dialect.name != "sqlite":
        return  # PostgreSQL chooses by table size
    with stores.engine.connect() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT id FROM delivery WHERE state IN ('pending', 'claimed')"
            " AND due_at <= 1 ORDER BY priority, due_at LIMIT 1"
        ).all()
    assert "ix_delivery_due" in str(plan)
