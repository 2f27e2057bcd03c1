"""Deliveries: messages to be sent, claimed by workers.

A claimed row is due again when its lease ends, so a dead worker's messages are found by the
same query as new ones; one that outlived all its tries is given up. Number and text are
sealed together. A message that is suppressed from the start (for a number that nobody
recorded) waits as a decoy: it is claimed, opened and settled like any other, so that nobody
can tell the two apart by the work they cause, and it is never handed to a worker.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, and_, case, or_, select, update

from core.messages.delivery import (
    LEASE,
    MAX_TRIES,
    SMS,
    ClaimedDelivery,
    DeliveryDraft,
    DeliveryState,
)
from core.messages.templates import Template
from core.ports import Randomness
from storage import bulk
from storage.encryption import Keyring, SealBroken
from storage.engine import writing
from storage.moments import maybe_micros, to_micros
from storage.rows import DELIVERY, OPEN

PURPOSE: Final = "delivery.sealed"
EXPIRED: Final = "expired"
GAVE_UP: Final = "gave_up"
UNREADABLE: Final = "unreadable"
DECOY: Final = "decoy"
_ID_RANDOM: Final = 10  # bytes
_LEASE: Final = int(LEASE.total_seconds() * 1_000_000)  # µs
_UNSENT = DELIVERY.c.state != DeliveryState.SENT
_IS_DECOY = DELIVERY.c.code == DECOY
_INSERT = bulk.BulkInsert(
    DELIVERY,
    ("id", "dedupe_key", "channel", "template", "state", "priority", "tries", "created_at",
     "due_at", "expires_at", "result_id", "code", "sealed"),
    "ON CONFLICT (dedupe_key) DO NOTHING",
)  # fmt: skip
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, str]).decode


def delivery_row(
    draft: DeliveryDraft, keyring: Keyring, now: int, random: Randomness = os.urandom
) -> bulk.Row:
    """A draft as a row for ``insert_deliveries``.

    Args:
        now: Microseconds (``storage.moments``).
    """
    # Ids begin with the time, so that new rows touch the last pages of the index only.
    delivery_id = f"{now // 1000:012x}{random(_ID_RANDOM).hex()}"
    sealed = keyring.seal(_encode((draft.to, draft.text)), PURPOSE, delivery_id)
    decoy = draft.state is DeliveryState.SUPPRESSED
    return (
        delivery_id, draft.dedupe_key, draft.channel, draft.template,
        DeliveryState.PENDING if decoy else draft.state, draft.priority, 0, now, now,
        maybe_micros(draft.expires_at), draft.result_id, DECOY if decoy else None, sealed,
    )  # fmt: skip


def insert_deliveries(connection: Connection, rows: list[bulk.Row]) -> None:
    """Insert rows; those whose dedupe key is already there are left as they are."""
    _INSERT.run(connection, rows)


class DeliveryStore:
    """Implements ``core.ports.Deliveries``.

    Args:
        channel: Only messages that leave by this one are claimed.
    """

    def __init__(self, engine: Engine, keyring: Keyring, channel: str = SMS) -> None:
        self._engine = engine
        self._keyring = keyring
        self._channel = channel

    def claim(self, limit: int, now: datetime) -> list[ClaimedDelivery]:
        """Take up to ``limit`` due rows, most urgent first; no two callers get the same.

        What can't be opened fails and stops no other row; decoys are settled on the way.
        """
        while rows := self._take(limit, to_micros(now)):
            opened = [self._opened(row, now) for row in rows]
            claimed = [delivery for delivery in opened if delivery is not None]
            if claimed:
                return claimed
        return []

    def sent(self, delivery_id: str, gateway_reference: str, now: datetime) -> None:
        """The gateway took it."""
        self._finish(delivery_id, DeliveryState.SENT, now, gateway_reference=gateway_reference)

    def retry(self, delivery_id: str, code: str, at: datetime) -> None:
        """Not now: due again at ``at``."""
        self._set(delivery_id, state=DeliveryState.PENDING, due_at=to_micros(at), code=code)

    def failed(self, delivery_id: str, code: str, now: datetime) -> None:
        """Never."""
        self._finish(delivery_id, DeliveryState.FAILED, now, code=code)

    def _take(self, limit: int, at: int) -> list[Row[Any]]:
        if not self._anything_due(at):
            return []  # without taking the write lock: workers ask all the time
        with writing(self._engine) as connection:
            _fail_hopeless(connection, at)
            rows = list(connection.execute(_claim(self._channel, limit, at)))
        return sorted(rows, key=lambda row: (row.priority, row.created_at, row.id))

    def _anything_due(self, at: int) -> bool:
        due = (
            select(DELIVERY.c.id)
            .where(OPEN, DELIVERY.c.due_at <= at, DELIVERY.c.channel == self._channel)
            .limit(1)
        )
        with self._engine.connect() as connection:
            return connection.execute(due).first() is not None

    def _finish(
        self, delivery_id: str, state: DeliveryState, now: datetime, **values: object
    ) -> None:
        self._set(delivery_id, state=state, finished_at=to_micros(now), **values)

    def _set(self, delivery_id: str, **values: object) -> None:
        # What a worker whose lease ran out says late counts only if the message did leave.
        open_to = _UNSENT if values["state"] is DeliveryState.SENT else OPEN
        change = update(DELIVERY).where(DELIVERY.c.id == delivery_id, open_to).values(values)
        with writing(self._engine) as connection:
            connection.execute(change)

    def _opened(self, row: Row[Any], now: datetime) -> ClaimedDelivery | None:
        """The delivery to send; None for a decoy and for what doesn't open."""
        try:
            delivery = self._claimed(row)
        except (SealBroken, msgspec.MsgspecError, ValueError, TypeError):
            self.failed(row.id, UNREADABLE, now)
            return None
        if row.code != DECOY:
            return delivery
        self._finish(row.id, DeliveryState.SUPPRESSED, now)
        return None

    def _claimed(self, row: Row[Any]) -> ClaimedDelivery:
        to, text = _decode(self._keyring.open(row.sealed, PURPOSE, row.id))
        return ClaimedDelivery(row.id, to, text, Template(row.template), row.tries)


def _fail_hopeless(connection: Connection, at: int) -> None:
    """Finish what is due but past its time, or was taken and never answered for too often."""
    too_late = DELIVERY.c.expires_at <= at
    hopeless = or_(too_late, DELIVERY.c.tries >= MAX_TRIES)
    connection.execute(
        update(DELIVERY)
        .where(and_(OPEN, DELIVERY.c.due_at <= at, hopeless))
        .values(
            state=case((_IS_DECOY, DeliveryState.SUPPRESSED), else_=DeliveryState.FAILED),
            code=case((_IS_DECOY, DECOY), (too_late, EXPIRED), else_=GAVE_UP),
            finished_at=at,
        )
    )


def _claim(channel: str, limit: int, at: int) -> Any:  # noqa: ANN401  (an UPDATE … RETURNING has a long type)
    due = (
        select(DELIVERY.c.id)
        .where(OPEN, DELIVERY.c.due_at <= at, DELIVERY.c.channel == channel)
        .order_by(DELIVERY.c.priority, DELIVERY.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)  # says nothing on SQLite, where the lock is whole
        .cte("due")  # a sub-query could be run again while rows are locked, and take too many
    )
    return (
        update(DELIVERY)
        .where(DELIVERY.c.id.in_(select(due.c.id)))
        .values(
            state=DeliveryState.CLAIMED,
            due_at=at + _LEASE,
            tries=DELIVERY.c.tries + 1,
        )
        .returning(
            DELIVERY.c.id, DELIVERY.c.template, DELIVERY.c.priority, DELIVERY.c.created_at,
            DELIVERY.c.tries, DELIVERY.c.code, DELIVERY.c.sealed,
        )
    )  # fmt: skip
