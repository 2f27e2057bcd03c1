"""What columns and indexes of several tables have in common."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Index
from sqlmodel import Field


def moment(**options: Any) -> Any:  # noqa: ANN401  (as SQLModel's Field)
    """A column of microseconds (``storage.moments``)."""
    return Field(sa_type=BigInteger, **options)


def partial_index(name: str, *columns: str, where: Any, unique: bool = False) -> Index:  # noqa: ANN401
    """An index over the rows that meet ``where``."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)
