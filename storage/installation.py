"""The installation's one row: when its database was made, whose it is, and with which keys.

A canary sealed with the master key and an index of a known word tell wrong secrets at the
start, before a citizen meets them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Final

from sqlalchemy import Engine, select

from core.errors import SetupRefused
from storage.encryption import Keyring, SealBroken
from storage.engine import insert_into, writing
from storage.moments import to_micros, to_moment
from storage.rows import INSTALLATION

_PURPOSE: Final = "installation.canary"
_WORD: Final = b"ketqua"


@dataclass(frozen=True, slots=True)
class Installation:
    """What a database says about itself."""

    created_at: datetime
    is_demo: bool


def claim_installation(
    engine: Engine, keyring: Keyring, *, is_demo: bool, now: datetime
) -> Installation:
    """The row, made now if there is none: whoever starts first decides whose it is.

    Raises:
        SetupRefused: ``demo_database``, it is the demo's and we are not; ``wrong_master_key``
            or ``wrong_index_key``, it was filled with others.
    """
    row = insert_into(engine, INSTALLATION).values(
        id=1,
        created_at=to_micros(now),
        is_demo=is_demo,
        canary=keyring.seal(_WORD, _PURPOSE),
        index_canary=keyring.raw(_WORD),
    )
    with writing(engine) as connection:
        connection.execute(row.on_conflict_do_nothing())
        found = connection.execute(select(INSTALLATION)).one()
    if found.is_demo and not is_demo:
        raise SetupRefused("demo_database")
    try:
        keyring.open(found.canary, _PURPOSE)
    except SealBroken as broken:
        raise SetupRefused("wrong_master_key") from broken
    if not compare_digest(found.index_canary, keyring.raw(_WORD)):
        raise SetupRefused("wrong_index_key")
    return Installation(to_moment(found.created_at), found.is_demo)
