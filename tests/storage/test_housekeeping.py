"""Housekeeping: what is old goes, what is not stays."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from core.citizens.challenge import open_challenge
from core.citizens.visit import Visit
from core.messages.delivery import DeliveryDraft, Priority
from core.messages.templates import Template
from core.policy.staff import Role, StaffAccount
from core.ports import AuditEntry, Origin
from core.results.versions import Change
from storage.audit import AuditStore
from storage.conversations import ConversationStore
from storage.feed_hours import FeedHourStore
from storage.housekeeping import Expired, expire
from storage.rows import DELIVERY
from storage.staff import StaffStore
from tests.storage.conftest import Stores
from tests.storage.samples import KEYS, NOON, PHONE, UNIT, item, version

DAY = timedelta(days=1)


def fill(stores: Stores) -> None:
    challenge = open_challenge("c1", PHONE, "web", "123456", key=bytes(32), now=NOON)
    message = DeliveryDraft("otp:c1", Template.OTP, PHONE, "Ma OTP", Priority.OTP)
    assert stores.challenges.add(challenge, message, not_before=None, since=NOON, most=1)
    stores.visits.add(Visit("v1", 0, PHONE, "c1", NOON + DAY / 2))
    stores.intake.store(UNIT.code, Origin("f"), [item(result_id="r1")], [version("r1")], NOON)
    staff = StaffStore(stores.engine, KEYS)
    staff.add(StaffAccount("a", "A", Role.AUDITOR, frozenset(), "x", "y"))
    staff.open_session(b"t", "a", NOON + DAY / 2)
    ConversationStore(stores.engine, KEYS).keep("k", None, b"", NOON)
    AuditStore(stores.engine).record(AuditEntry(NOON, "a", "b", "c"))


def send_all(stores: Stores) -> None:
    for claimed in stores.deliveries.claim(9, NOON):
        stores.deliveries.sent(claimed.id, "gw", NOON)


def test_nothing_goes_before_its_time(stores: Stores) -> None:
    fill(stores)
    send_all(stores)
    assert expire(stores.engine, NOON + DAY / 4) == Expired(0, 0, 0, 0, 0, 0, 0)


def test_everything_goes_after_its_time_and_once(stores: Stores) -> None:
    fill(stores)
    send_all(stores)
    later = NOON + 6 * 365 * DAY
    assert expire(stores.engine, later) == Expired(1, 1, 1, 1, 1, 2, 1)
    assert expire(stores.engine, later) == Expired(0, 0, 0, 0, 0, 0, 0)


def test_each_kind_has_its_own_days(stores: Stores) -> None:
    fill(stores)
    send_all(stores)
    expired = expire(stores.engine, NOON + 31 * DAY, raw_days=31, conversation_days=40)
    assert (expired.challenges, expired.delivery_texts) == (1, 2)
    assert (expired.raw_items, expired.conversations, expired.audit_entries) == (0, 0, 0)


def test_results_stay_and_emptied_deliveries_keep_their_account(stores: Stores) -> None:
    fill(stores)
    send_all(stores)
    expire(stores.engine, NOON + 100 * DAY)
    assert len(stores.shelf.people(PHONE)) == 1
    with stores.engine.connect() as connection:
        rows = connection.execute(select(DELIVERY)).all()
    assert [(row.state, row.sealed, row.gateway_reference) for row in rows] == [
        ("sent", None, "gw"), ("sent", None, "gw"),
    ]  # fmt: skip


def test_a_message_still_to_be_sent_keeps_its_text(stores: Stores) -> None:
    fill(stores)
    assert expire(stores.engine, NOON + 100 * DAY).delivery_texts == 0
    assert len(stores.deliveries.claim(9, NOON + 100 * DAY)) == 2


def test_of_old_hours_only_a_feeds_newest_stays(stores: Stores) -> None:
    hours = FeedHourStore(stores.engine)
    for days in (400, 399, 0):
        at = NOON - days * DAY
        stores.intake.store(
            UNIT.code,
            Origin("f", "lis"),
            [item(raw=b"%d" % days, change=Change.QUARANTINED)],
            [],
            at,
        )
    stores.intake.store(
        UNIT.code,
        Origin("f", "old"),
        [item(raw=b"x", change=Change.QUARANTINED)],
        [],
        NOON - 300 * DAY,
    )
    assert expire(stores.engine, NOON, raw_days=999).feed_hours == 2
    assert hours.latest() == {
        (UNIT.code, "lis"): NOON, (UNIT.code, "old"): NOON - 300 * DAY,
    }  # fmt: skip
