"""Standings: whether certificates of ours still count."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine, select

from storage.rows import CERTIFICATE

GOOD: Final = "good"
CORRECTED: Final = "corrected"
REVOKED: Final = "revoked"


class StandingStore:
    """Implements ``core.ports.Standings``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def standing(self, uvci: str) -> str:
        """``good``, ``corrected`` or ``revoked``; ``good`` for those it doesn't know."""
        found = select(CERTIFICATE.c.standing).where(CERTIFICATE.c.uvci == uvci)
        with self._engine.connect() as connection:
            standing: str | None = connection.execute(found).scalar()
        return standing or GOOD
