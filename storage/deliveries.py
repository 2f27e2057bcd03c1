"""Deliveries: messages to be sent, claimed by workers.

A claimed row is due again when its lease ends, so a dead worker's messages are found by the
same query as new ones. Number and text are sealed together.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, and_, select, update

from core.messages.delivery import LEASE, ClaimedDelivery, DeliveryDraft, DeliveryState
from core.messages.templates import Template
from core.ports import Randomness
from storage import bulk
from storage.encryption import Keyring
from storage.engine import writing
from storage.moments import maybe_micros, to_micros
from storage.rows import DELIVERY, OPEN

PURPOSE: Final = "delivery.sealed"
EXPIRED: Final = "expired"
_LEASE: Final = int(LEASE.total_seconds() * 1_000_000)  # µs
_UNSENT = DELIVERY.c.state.not_in([DeliveryState.SENT, DeliveryState.SUPPRESSED])
_INSERT = bulk.BulkInsert(
    DELIVERY,
    ("id", "dedupe_key", "template", "state", "priority", "tries", "created_at", "due_at",
     "expires_at", "result_id", "sealed"),
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
    delivery_id = random(16).hex()
    sealed = keyring.seal(_encode((draft.to, draft.text)), PURPOSE, delivery_id)
    return (
        delivery_id, draft.dedupe_key, draft.template, draft.state, draft.priority, 0, now, now,
        maybe_micros(draft.expires_at), draft.result_id, sealed,
    )  # fmt: skip


def insert_deliveries(connection: Connection, rows: list[bulk.Row]) -> None:
    """Insert rows; those whose dedupe key is already there are left as they are."""
    _INSERT.run(connection, rows)


class DeliveryStore:
    """Implements ``core.ports.Deliveries``."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def claim(self, limit: int, now: datetime) -> list[ClaimedDelivery]:
        """Take up to ``limit`` due rows, most urgent first; no two callers get the same."""
        at = to_micros(now)
        if not self._anything_due(at):
            return []  # without taking the write lock: workers ask all the time
        with writing(self._engine) as connection:
            _fail_expired(connection, at)
            rows = list(connection.execute(_claim(limit, at)))
        rows.sort(key=lambda row: (row.priority, row.created_at, row.id))
        return [self._claimed(row) for row in rows]

    def sent(self, delivery_id: str, gateway_reference: str, now: datetime) -> None:
        """The gateway took it."""
        self._finish(delivery_id, DeliveryState.SENT, now, gateway_reference=gateway_reference)

    def retry(self, delivery_id: str, code: str, at: datetime) -> None:
        """Not now: due again at ``at``."""
        self._set(delivery_id, state=DeliveryState.PENDING, due_at=to_micros(at), code=code)

    def failed(self, delivery_id: str, code: str, now: datetime) -> None:
        """Never."""
        self._finish(delivery_id, DeliveryState.FAILED, now, code=code)

    def _anything_due(self, at: int) -> bool:
        due = select(DELIVERY.c.id).where(OPEN, DELIVERY.c.due_at <= at).limit(1)
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

    def _claimed(self, row: Row[Any]) -> ClaimedDelivery:
        to, text = _decode(self._keyring.open(row.sealed, PURPOSE, row.id))
        return ClaimedDelivery(row.id, to, text, Template(row.template), row.tries)


def _fail_expired(connection: Connection, at: int) -> None:
    too_late = and_(OPEN, DELIVERY.c.due_at <= at, DELIVERY.c.expires_at <= at)
    connection.execute(
        update(DELIVERY)
        .where(too_late)
        .values(state=DeliveryState.FAILED, code=EXPIRED, finished_at=at)
    )


def _claim(limit: int, at: int) -> Any:  # noqa: ANN401  (an UPDATE … RETURNING has a long type)
    due = (
        select(DELIVERY.c.id)
        .where(OPEN, DELIVERY.c.due_at <= at)
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
            DELIVERY.c.tries, DELIVERY.c.sealed,
        )
    )  # fmt: skip
