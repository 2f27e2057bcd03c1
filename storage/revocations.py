"""Revocations: what was revoked, and what the published list is made from.

A certificate of ours carries its standing; signers and hashes are rows here. So a correction,
which changes standings only, reaches the list without a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, func, select, text, update

from core.certificates.payload import COUNTRY
from core.certificates.revocations import (
    HASH_BYTES,
    Entry,
    HashKind,
    Marks,
    country_uvci_hash,
    signature_hash,
    uvci_hash,
)
from core.certificates.revoking import Act, Revocation, Standings, Target
from core.messages.delivery import DeliveryDraft
from storage.certificates import claim_owed
from storage.deliveries import delivery_row, insert_deliveries
from storage.encryption import Keyring
from storage.engine import insert_into, writing
from storage.moments import to_micros, to_moment
from storage.rows import CERTIFICATE, CURRENT, OWED_CERTIFICATE, RESULT, REVOCATION, WITHDRAWN
from storage.standings import GOOD, REVOKED

_CHUNK: Final = 5000  # rows fetched at a time
_UNSENT = text(
    "UPDATE delivery SET state = 'suppressed' WHERE result_id = :result AND state = 'pending'"
)  # "a result is ready" must not arrive after "it was revoked"


_HASHED: Final = (
    CERTIFICATE.c.uvci, CERTIFICATE.c.signature, CERTIFICATE.c.compact_signature,
)  # fmt: skip


class RevocationStore:
    """Implements ``core.certificates.revoking.Revocations``."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def revoke_certificate(
        self, uvci: str, result_id: str, act: Act, message: DeliveryDraft | None
    ) -> bool:
        """Mark a certificate of ours, and store the message if its holder knew of the result."""
        with writing(self._engine) as connection:
            done = self._mark(connection, uvci, result_id, act)
            if done:
                self._tell(connection, result_id, message, act)
        return done

    def owed(self, result_ids: Iterable[str]) -> frozenset[str]:
        """Those current results whose certificate is still to be made."""
        waiting = select(OWED_CERTIFICATE.c.result_id).join(
            RESULT, RESULT.c.id == OWED_CERTIFICATE.c.result_id
        )
        mine = waiting.where(CURRENT, OWED_CERTIFICATE.c.result_id.in_(list(result_ids)))
        with self._engine.connect() as connection:
            return frozenset(connection.execute(mine).scalars())

    def revoke_owed(self, result_id: str, act: Act, message: DeliveryDraft | None) -> bool:
        """Let a result never get the certificate that it is owed, and tell as above."""
        with writing(self._engine) as connection:
            done = self._forgive(connection, result_id, act)
            if done:
                self._tell(connection, result_id, message, act)
        return done

    def _mark(self, connection: Connection, uvci: str, result_id: str, act: Act) -> bool:
        counts = (CERTIFICATE.c.uvci == uvci, CERTIFICATE.c.standing == GOOD)
        revoke = update(CERTIFICATE).where(*counts).values(standing=REVOKED)
        if connection.execute(revoke).rowcount != 1:
            return False
        row = _row(act, Target.CERTIFICATE, uvci_hash(uvci), uvci, kind=HashKind.UVCI)
        self._add(connection, [row | {"result_id": result_id}])
        return True

    def _forgive(self, connection: Connection, result_id: str, act: Act) -> bool:
        """Take the debt away, or mark what was made of it before the result was locked."""
        if claim_owed(connection, result_id):
            mark = sha256(result_id.encode()).digest()[:HASH_BYTES]  # a row needs one of its own
            row = _row(act, Target.CERTIFICATE, mark, result_id) | {"result_id": result_id}
            return bool(self._add(connection, [row]))
        made = select(CERTIFICATE.c.uvci).where(CERTIFICATE.c.result_id == result_id)
        uvci = connection.execute(made).scalar()
        return uvci is not None and self._mark(connection, uvci, result_id, act)

    def _tell(
        self, connection: Connection, result_id: str, message: DeliveryDraft | None, act: Act
    ) -> None:
        if message is not None and _announced(connection, result_id):
            connection.execute(_UNSENT, {"result": result_id})
            told = delivery_row(message, self._keyring, to_micros(act.at))
            insert_deliveries(connection, [told])

    def revoke_kid(self, kid: bytes, act: Act) -> bool:
        """Revoke a signer with all that it signed; False where it is already."""
        with writing(self._engine) as connection:
            return bool(self._add(connection, [_row(act, Target.KID, kid, kid.hex(), kid=kid)]))

    def revoked_kids(self) -> frozenset[bytes]:
        """Signers that are revoked with all that they signed."""
        kids = select(REVOCATION.c.mark).where(REVOCATION.c.target == Target.KID.value)
        with self._engine.connect() as connection:
            return frozenset(bytes(kid) for kid in connection.execute(kids).scalars())

    def revoke_hashes(self, entries: Iterable[Entry], act: Act) -> int:
        """Revoke hashes; says how many were new."""
        rows = [
            _row(act, Target.HASH, each.hash, each.hash.hex(), kind=each.kind, kid=each.kid)
            for each in entries
        ]
        with writing(self._engine) as connection:
            return self._add(connection, rows)

    def is_listed(self, marks: Marks) -> bool:
        """Whether a certificate is revoked by its signer or by any of its hashes."""
        # A kid has 8 bytes and a hash 16: one column holds both without a mix-up.
        found = select(REVOCATION.c.id).where(REVOCATION.c.mark.in_([marks.kid, *marks.hashes]))
        with self._engine.connect() as connection:
            return connection.execute(found.limit(1)).first() is not None

    def recent(self, limit: int) -> list[Revocation]:
        """Newest first."""
        newest = (
            select(REVOCATION, RESULT.c.facility)
            .outerjoin(RESULT, RESULT.c.id == REVOCATION.c.result_id)
            .order_by(REVOCATION.c.id.desc())
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [_revocation(row) for row in connection.execute(newest)]

    def state(self) -> str:
        """A word that changes whenever something more is revoked or corrected."""
        withdrawn = select(func.count()).select_from(CERTIFICATE).where(WITHDRAWN)
        newest = select(func.max(REVOCATION.c.id))
        with self._engine.connect() as connection:
            numbers = connection.execute(withdrawn).scalar(), connection.execute(newest).scalar()
        return "{}.{}".format(*numbers)

    def standings(self, now: datetime) -> Standings:
        """What the published list is made from; expired certificates have left it."""
        withdrawn = select(CERTIFICATE.c.kid, *_HASHED)
        withdrawn = withdrawn.where(WITHDRAWN, CERTIFICATE.c.expires_at > to_micros(now))
        with self._engine.connect() as connection:
            revoked = [entry for row in connection.execute(withdrawn) for entry in _entries(*row)]
            rows = connection.execute(select(REVOCATION)).all()
        kids = tuple(row.mark for row in rows if row.target == Target.KID)
        listed = [
            Entry(HashKind(row.kind), row.mark, row.kid)
            for row in rows
            if row.target == Target.HASH
        ]
        return Standings(kids, (*revoked, *listed), self._live(now))

    def _live(self, now: datetime) -> Iterator[bytes]:
        """Every hash of each certificate that counts: a look-up tests those of its profile."""
        good = select(*_HASHED).where(
            CERTIFICATE.c.standing == GOOD, CERTIFICATE.c.expires_at > to_micros(now)
        )
        with self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=_CHUNK).execute(good)
            for uvci, signature, compact in rows:
                yield signature_hash(signature)
                yield uvci_hash(uvci)
                yield country_uvci_hash(COUNTRY, uvci)
                if compact is not None:
                    yield signature_hash(compact)

    def _add(self, connection: Connection, rows: list[dict[str, object]]) -> int:
        fresh = insert_into(self._engine, REVOCATION).on_conflict_do_nothing()
        added = fresh.returning(REVOCATION.c.id)
        return sum(len(connection.execute(added.values(row)).all()) for row in rows)


def _announced(connection: Connection, result_id: str) -> bool:
    return bool(
        connection.execute(select(RESULT.c.announced).where(RESULT.c.id == result_id)).scalar()
    )


def _entries(kid: bytes, uvci: str, signature: bytes, compact: bytes | None) -> Iterator[Entry]:
    """The compact code has a signature of its own."""
    yield Entry(HashKind.SIGNATURE, signature_hash(signature), kid)
    yield Entry(HashKind.UVCI, uvci_hash(uvci), kid)
    if compact is not None:
        yield Entry(HashKind.SIGNATURE, signature_hash(compact), kid)


def _row(
    act: Act,
    target: Target,
    mark: bytes,
    named: str,
    *,
    kind: HashKind | None = None,
    kid: bytes | None = None,
) -> dict[str, object]:
    return {
        "mark": mark,
        "target": target.value,
        "kind": kind.value if kind else "",
        "named": named,
        "kid": kid,
        "result_id": None,
        "at": to_micros(act.at),
        "actor": act.actor,
        "reason": act.reason,
    }


def _revocation(row: Row[Any]) -> Revocation:
    return Revocation(
        act=Act(to_moment(row.at), row.actor, row.reason),
        target=Target(row.target),
        named=row.named,
        result_id=row.result_id or "",
        facility=row.facility or "",
    )
