"""Bulk statements: one INSERT for many rows, straight through the driver.

Rows are tuples in the order of the columns, values already as the database keeps them.
SQLAlchemy's executemany builds a dictionary and converts every value per row, which costs
more than SQLite's insert itself; PostgreSQL gets one statement with an array per column
instead of one statement per row.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

Row = tuple[object, ...]
_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]


class BulkInsert:
    """An INSERT into some columns of a table.

    Args:
        conflict: An ``ON CONFLICT …`` clause, the same words on both databases. With
            ``DO UPDATE``, no two rows of a run may have the same key.
    """

    def __init__(self, table: Table, columns: Sequence[str], conflict: str = "") -> None:
        """Write the statements once. Raises: KeyError for a column that isn't there."""
        into = f"INSERT INTO {table.name} ({', '.join(columns)})"
        types = [table.c[column].type.compile(_POSTGRESQL) for column in columns]
        arrays = ", ".join(f"%b::{name}[]" for name in types)
        marks = ", ".join("?" for _ in columns)
        # Only names of our own tables and columns, which the look-up above has checked.
        self._row_by_row = f"{into} VALUES ({marks}) {conflict}"
        self._all_at_once = f"{into} SELECT * FROM unnest({arrays}) {conflict}"  # noqa: S608

    def run(self, connection: Connection, rows: list[Row]) -> None:
        """Insert ``rows``. Raises: sqlalchemy.exc.IntegrityError."""
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(self._row_by_row, rows)
        else:
            columns = tuple(list(column) for column in zip(*rows, strict=True))
            connection.exec_driver_sql(self._all_at_once, columns)
