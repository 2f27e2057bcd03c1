"""Responsible officers of facilities: name, number and chat are sealed.

A chat is linked by a code that an administrator hands over: it is known by its hash, works
once and ends by itself.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, Select, delete, select, update

from core.feeds.officer import LINK_LIFETIME, Officer
from storage.encryption import Keyring
from storage.engine import insert_into, writing
from storage.moments import to_micros
from storage.rows import OFFICER

PURPOSE: Final = "officer.sealed"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, str, str, str]).decode


class OfficerStore:
    """Implements ``core.feeds.ports.Officers``."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def add(self, officer: Officer) -> None:
        """Store a new officer, or change the one with this id."""
        said = self._said(officer)
        row = insert_into(self._engine, OFFICER).values(
            id=officer.id, facility=officer.facility, **said
        )
        with writing(self._engine) as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["id"], set_=said))

    def remove(self, officer_id: str) -> bool:
        """Forget an officer; whether there was one."""
        with writing(self._engine) as connection:
            gone = delete(OFFICER).where(OFFICER.c.id == officer_id)
            return connection.execute(gone).rowcount == 1

    def of(self, facility: str) -> list[Officer]:
        """The officers of a facility, by id."""
        wanted: Select[Any] = (
            select(OFFICER).where(OFFICER.c.facility == facility).order_by(OFFICER.c.id)
        )
        with self._engine.connect() as connection:
            return [self._officer(row) for row in connection.execute(wanted)]

    def offer_link(self, officer_id: str, code_hash: bytes, now: datetime) -> bool:
        """Let whoever shows the code link a chat to this officer; whether there is one."""
        change = update(OFFICER).where(OFFICER.c.id == officer_id)
        with writing(self._engine) as connection:
            done = connection.execute(
                change.values(link_hash=code_hash, link_expires_at=to_micros(now + LINK_LIFETIME))
            )
        return done.rowcount == 1

    def link(self, code_hash: bytes, channel: str, chat: str, now: datetime) -> Officer | None:
        """Link a chat by the code, which is used up; the officer, or None."""
        wanted: Select[Any] = (
            select(OFFICER)
            .where(OFFICER.c.link_hash == code_hash, OFFICER.c.link_expires_at > to_micros(now))
            .with_for_update()
        )
        with writing(self._engine) as connection:
            row = connection.execute(wanted).first()
            if row is None:
                return None
            officer = replace(self._officer(row), channel=channel, chat=chat)
            self._change(connection, officer, link_hash=None, link_expires_at=None)
        return officer

    def unlink(self, channel: str, chat: str) -> list[Officer]:
        """Part a chat from everybody whom it was linked to; who that was, by id."""
        index = self._keyring.chat(channel, chat)
        wanted: Select[Any] = (
            select(OFFICER).where(OFFICER.c.chat_index == index).order_by(OFFICER.c.id)
        )
        with writing(self._engine) as connection:
            linked = [self._officer(row) for row in connection.execute(wanted.with_for_update())]
            for officer in linked:
                self._change(connection, replace(officer, channel="", chat=""))
        return linked

    def _change(self, connection: Connection, officer: Officer, **more: object) -> None:
        change = update(OFFICER).where(OFFICER.c.id == officer.id)
        connection.execute(change.values(**self._said(officer), **more))

    def _said(self, officer: Officer) -> dict[str, bytes | None]:
        """The columns of what was said of an officer."""
        said = (officer.name, officer.phone, officer.channel, officer.chat)
        index = self._keyring.chat(officer.channel, officer.chat) if officer.chat else None
        return {
            "chat_index": index,
            "sealed": self._keyring.seal(_encode(said), PURPOSE, officer.id),
        }

    def _officer(self, row: Row[Any]) -> Officer:
        opened = _decode(self._keyring.open(row.sealed, PURPOSE, row.id))
        return Officer(row.id, row.facility, *opened)
