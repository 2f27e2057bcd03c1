"""Feeds: what they are, how far they have been read, and who polls one just now.

A poller claims a feed's row until its lease ends and renews it while it polls, so that two never
poll the same feed at once and a dead one's feed is soon taken over. What a poll learns is
written only by whoever still holds the claim. Secrets are sealed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    CursorResult,
    Engine,
    Row,
    Select,
    and_,
    case,
    delete,
    literal,
    select,
    tuple_,
    update,
)

from core.feeds import weekdays
from core.feeds.feed import POLLED, Feed, FeedKind, FeedState
from core.messages.delivery import DeliveryDraft
from storage.deliveries import delivery_row, insert_deliveries
from storage.encryption import Keyring
from storage.engine import insert_into, writing
from storage.moments import maybe_micros, maybe_moment, to_micros, to_moment
from storage.rows import FEED

PURPOSE: Final = "feed.sealed"
_FREE: Final = 0
_ANEW: Final[dict[str, object]] = {"failures": 0, "error": ""}
_FRESH: Final[dict[str, object]] = _ANEW | {
    "claimed_by": "", "claimed_until": _FREE, "watermark": "", "alert": "",
}  # fmt: skip
_POLLED = FEED.c.kind.in_(sorted(POLLED))


class FeedStore:
    """Implements ``core.feeds.ports.Feeds``."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def add(self, feed: Feed, now: datetime) -> None:
        """Store a new feed, due at once, or change the one with this name.

        One that from now on reads another place begins there from the beginning, and a poll of
        the old place loses its claim; one that was paused is watched from now on, and what was
        told of it before is past. Whatever was changed may be the cure: it is tried at once, and
        old failures are forgotten.
        """
        chosen = self._chosen(feed)
        at = to_micros(now)
        fresh = {**_FRESH, "facility": feed.facility, "name": feed.name}
        fresh |= {"watched_from": at, "due_at": at}
        row = insert_into(self._engine, FEED).values(fresh | chosen)
        same_place = and_(FEED.c.kind == feed.kind, FEED.c.address == feed.address)
        goes_on = FEED.c.active | ~literal(feed.active)
        changed = row.on_conflict_do_update(
            index_elements=["facility", "name"],
            set_={
                **chosen,
                **(_ANEW | {"due_at": at} if feed.active else {}),
                "watermark": case((same_place, FEED.c.watermark), else_=""),
                "claimed_by": case((same_place, FEED.c.claimed_by), else_=""),
                "claimed_until": case((same_place, FEED.c.claimed_until), else_=_FREE),
                "watched_from": case((goes_on, FEED.c.watched_from), else_=at),
                "alert": case((goes_on, FEED.c.alert), else_=""),
                "alerted_at": case((goes_on, FEED.c.alerted_at), else_=None),
            },
        )
        with writing(self._engine) as connection:
            connection.execute(changed)

    def remove(self, facility: str, name: str) -> bool:
        """Forget a feed (never what came through it); whether there was one."""
        with writing(self._engine) as connection:
            gone = delete(FEED).where(FEED.c.facility == facility, FEED.c.name == name)
            return connection.execute(gone).rowcount == 1

    def get(self, facility: str, name: str) -> tuple[Feed, FeedState] | None:
        """The feed with this name, and how it is doing."""
        wanted: Select[Any] = select(FEED).where(FEED.c.facility == facility, FEED.c.name == name)
        with self._engine.connect() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else (self._feed(row), _state(row))

    def all(self) -> list[tuple[Feed, FeedState]]:
        """Every feed, by facility and name."""
        ordered: Select[Any] = select(FEED).order_by(FEED.c.facility, FEED.c.name)
        with self._engine.connect() as connection:
            return [(self._feed(row), _state(row)) for row in connection.execute(ordered)]

    def claim_due(
        self, claim: str, limit: int, now: datetime, lease: timedelta
    ) -> list[tuple[Feed, FeedState]]:
        """Take up to ``limit`` feeds that are to be polled, longest due first."""
        at = to_micros(now)
        due: Select[Any] = (
            select(FEED)
            .where(FEED.c.active, _POLLED, FEED.c.due_at <= at, FEED.c.claimed_until <= at)
            .order_by(FEED.c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        if not self._anything(due):
            return []
        with writing(self._engine) as connection:
            rows = connection.execute(due).all()
            held = {"claimed_by": claim, "claimed_until": to_micros(now + lease)}
            for row in rows:
                connection.execute(_of(row.facility, row.name).values(held))
        return [(self._feed(row), replace(_state(row), claim=claim)) for row in rows]

    def _anything(self, due: Select[Any]) -> bool:
        """Asked without the write lock: the clock looks every second."""
        with self._engine.connect() as connection:
            return connection.execute(due.limit(1)).first() is not None

    def renew(self, feeds: Iterable[Feed], claim: str, now: datetime, lease: timedelta) -> None:
        """Hold on to those of these feeds that are held by this claim still."""
        names = [(feed.facility, feed.name) for feed in feeds]
        held = update(FEED).where(
            tuple_(FEED.c.facility, FEED.c.name).in_(names),
            FEED.c.claimed_by == claim,
            FEED.c.claimed_until > to_micros(now),
        )
        with writing(self._engine) as connection:
            connection.execute(held.values(claimed_until=to_micros(now + lease)))

    def progress(self, feed: Feed, claim: str, watermark: str) -> bool:
        """A piece is stored: the next poll goes on from here; False if the claim is lost."""
        return self._set(feed, claim, watermark=watermark)

    def release(self, feed: Feed, claim: str, state: FeedState) -> None:
        """The poll is over; ``state`` says how it went, unless the claim is lost."""
        self._set(
            feed,
            claim,
            claimed_by="",
            claimed_until=_FREE,
            due_at=to_micros(state.due_at),
            polled_at=maybe_micros(state.polled_at),
            succeeded_at=maybe_micros(state.succeeded_at),
            failures=state.failures,
            error=state.error,
        )

    def watch_from(self, facility: str, now: datetime) -> None:
        """Expect something of a facility's feeds from now on: it has gone live."""
        watched = update(FEED).where(FEED.c.facility == facility)
        with writing(self._engine) as connection:
            connection.execute(
                watched.values(watched_from=to_micros(now), alert="", alerted_at=None)
            )

    def alerted(
        self,
        feed: Feed,
        alert: str,
        at: datetime,
        was: str,
        letters: Iterable[DeliveryDraft] = (),
    ) -> bool:
        """Remember what the officers are told, with the letters that tell it.

        Args:
            was: What ``alert`` said when the decision was made.

        Returns:
            False if another process was first; then nothing is stored.
        """
        now = to_micros(at)
        rows = [delivery_row(letter, self._keyring, now) for letter in letters]
        change = _of(feed.facility, feed.name).where(FEED.c.alert == was)
        with writing(self._engine) as connection:
            done: CursorResult[Any] = connection.execute(
                change.values(alert=alert, alerted_at=now if alert else None)
            )
            if done.rowcount == 1:
                insert_deliveries(connection, rows)
        return done.rowcount == 1

    def _set(self, feed: Feed, claim: str, **values: object) -> bool:
        held = _of(feed.facility, feed.name).where(FEED.c.claimed_by == claim)
        with writing(self._engine) as connection:
            done: CursorResult[Any] = connection.execute(held.values(values))
        return done.rowcount == 1

    def _chosen(self, feed: Feed) -> dict[str, object]:
        """What people choose, as columns."""
        expected = feed.expected_every
        return {
            "kind": feed.kind,
            "address": feed.address,
            "sealed": self._keyring.seal(feed.secret.encode(), PURPOSE, feed.id),
            "host_key": feed.host_key,
            "peers": " ".join(feed.peers),
            "interval_seconds": _seconds(feed.interval),
            "overlap_seconds": _seconds(feed.overlap),
            "expected_seconds": _seconds(expected) if expected else None,
            "opens": feed.opens,
            "closes": feed.closes,
            "days": weekdays.write(feed.days),
            "active": feed.active,
        }

    def _feed(self, row: Row[Any]) -> Feed:
        expected = row.expected_seconds
        sealed = self._keyring.open(row.sealed, PURPOSE, f"{row.facility}/{row.name}")
        return Feed(
            facility=row.facility,
            name=row.name,
            kind=FeedKind(row.kind),
            address=row.address,
            secret=sealed.decode(),
            host_key=row.host_key,
            peers=tuple(row.peers.split()),
            interval=timedelta(seconds=row.interval_seconds),
            overlap=timedelta(seconds=row.overlap_seconds),
            expected_every=timedelta(seconds=expected) if expected else None,
            opens=row.opens,
            closes=row.closes,
            days=weekdays.parse(row.days),
            active=bool(row.active),
        )


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


def _of(facility: str, name: str) -> Any:  # noqa: ANN401  (an UPDATE has a long type)
    return update(FEED).where(FEED.c.facility == facility, FEED.c.name == name)


def _state(row: Row[Any]) -> FeedState:
    return FeedState(
        watched_from=to_moment(row.watched_from),
        due_at=to_moment(row.due_at),
        watermark=row.watermark,
        polled_at=maybe_moment(row.polled_at),
        succeeded_at=maybe_moment(row.succeeded_at),
        failures=row.failures,
        error=row.error,
        alerted_at=maybe_moment(row.alerted_at),
        alert=row.alert,
        claim=row.claimed_by,
    )
