"""Housekeeping: what has outlived its purpose is removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Delete, Engine, Update, delete, exists, update

from core.feeds.freshness import HISTORY
from core.messages.delivery import DeliveryState
from storage.engine import writing
from storage.moments import to_micros
from storage.rows import (
    AUDIT,
    CHALLENGE,
    CONVERSATION,
    DELIVERY,
    FEED_HOUR,
    INBOX,
    LOOKUP,
    STAFF_SESSION,
    VISIT,
)

_COUNTED = timedelta(hours=2)  # look-ups: twice what the longest limit looks back
_HOURS_DAYS = 2 * HISTORY.days  # of a feed's past only ``HISTORY`` is ever asked for
_FINISHED = DELIVERY.c.state.in_(
    [DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.SUPPRESSED]
)


@dataclass(frozen=True, slots=True)
class Expired:
    """How many rows were removed (of deliveries: emptied), per kind."""

    challenges: int
    visits: int
    sessions: int
    conversations: int
    raw_items: int
    delivery_texts: int
    audit_entries: int
    lookups: int = 0
    feed_hours: int = 0


def expire(
    engine: Engine,
    now: datetime,
    *,
    challenge_days: int = 1,
    conversation_days: int = 30,
    raw_days: int = 90,
    text_days: int = 30,
    audit_days: int = 5 * 365,
) -> Expired:
    """Remove what is older than its days; each kind in a transaction of its own."""

    def ago(days: int) -> int:
        return to_micros(now - timedelta(days=days))

    return Expired(
        challenges=_run(
            engine, delete(CHALLENGE).where(CHALLENGE.c.created_at < ago(challenge_days))
        ),
        visits=_run(engine, delete(VISIT).where(VISIT.c.expires_at <= to_micros(now))),
        sessions=_run(
            engine, delete(STAFF_SESSION).where(STAFF_SESSION.c.expires_at <= to_micros(now))
        ),
        conversations=_run(
            engine, delete(CONVERSATION).where(CONVERSATION.c.kept_at < ago(conversation_days))
        ),
        raw_items=_run(engine, delete(INBOX).where(INBOX.c.last_seen_at < ago(raw_days))),
        delivery_texts=_run(
            engine,
            update(DELIVERY)
            .where(_FINISHED, DELIVERY.c.sealed.is_not(None))
            .where(DELIVERY.c.created_at < ago(text_days))
            .values(sealed=None),
        ),
        audit_entries=_run(engine, delete(AUDIT).where(AUDIT.c.at < ago(audit_days))),
        lookups=_run(engine, delete(LOOKUP).where(LOOKUP.c.at < to_micros(now - _COUNTED))),
        feed_hours=_run(engine, _old_hours(ago(_HOURS_DAYS))),
    )


def _old_hours(before: int) -> Delete:
    """All but each feed's newest, which tells since when it is silent."""
    later = FEED_HOUR.alias()
    has_later = exists().where(
        later.c.facility == FEED_HOUR.c.facility,
        later.c.feed == FEED_HOUR.c.feed,
        later.c.hour > FEED_HOUR.c.hour,
    )
    return delete(FEED_HOUR).where(FEED_HOUR.c.hour < before, has_later)


def _run(engine: Engine, statement: Delete | Update) -> int:
    with writing(engine) as connection:
        return connection.execute(statement).rowcount
