"""Feeds, keys, officers and a laboratory's own codes; where an inbox item came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: None = None
depends_on: None = None

# What rows that are here already get; new rows always bring their own.
_NEW_COLUMNS: dict[str, dict[str, str | int | None]] = {
    "facility": {"date_order": "dmy", "stage": "live"},
    "delivery": {"channel": "sms"},
    "inbox_item": {"feed": "cli", "reason": "", "part": 0, "row": None},
}


def _column(name: str, value: str | int | None) -> sa.Column[str] | sa.Column[int]:
    if isinstance(value, str):
        return sa.Column(name, sa.String(), nullable=False, server_default=value)
    default = None if value is None else str(value)
    return sa.Column(name, sa.Integer(), nullable=value is None, server_default=default)


def upgrade() -> None:
    for table, columns in _NEW_COLUMNS.items():
        for name, value in columns.items():
            op.add_column(table, _column(name, value))
    op.create_index("ix_result_stored", "result", ["facility", "stored_at"], unique=False)
    op.create_table(
        "local_code",
        sa.Column("facility", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["facility"], ["facility.code"]),
        sa.PrimaryKeyConstraint("facility", "kind", "system", "code"),
    )
    op.create_table(
        "feed",
        sa.Column("facility", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("host_key", sa.String(), nullable=False),
        sa.Column("peers", sa.String(), nullable=False),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("overlap_seconds", sa.Integer(), nullable=False),
        sa.Column("expected_seconds", sa.Integer(), nullable=True),
        sa.Column("opens", sa.Integer(), nullable=False),
        sa.Column("closes", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("watched_from", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=False),
        sa.Column("claimed_until", sa.BigInteger(), nullable=False),
        sa.Column("watermark", sa.String(), nullable=False),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("succeeded_at", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("alerted_at", sa.BigInteger(), nullable=True),
        sa.Column("alert", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["facility"], ["facility.code"]),
        sa.PrimaryKeyConstraint("facility", "name"),
    )
    op.create_index("ix_feed_due", "feed", ["active", "due_at"], unique=False)
    op.create_table(
        "feed_hour",
        sa.Column("facility", sa.String(), nullable=False),
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("arrived", sa.Integer(), nullable=False),
        sa.Column("latest", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["facility"], ["facility.code"]),
        sa.PrimaryKeyConstraint("facility", "feed", "hour"),
    )
    op.create_table(
        "push_key",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("facility", sa.String(), nullable=False),
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["facility"], ["facility.code"]),
        sa.PrimaryKeyConstraint("key_hash"),
    )
    op.create_index(op.f("ix_push_key_facility"), "push_key", ["facility"], unique=False)
    op.create_table(
        "push",
        sa.Column("facility", sa.String(), nullable=False),
        sa.Column("key_index", sa.LargeBinary(), nullable=False),
        sa.Column("body_index", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["facility"], ["facility.code"]),
        sa.PrimaryKeyConstraint("facility", "key_index"),
    )
    op.create_index(op.f("ix_push_created_at"), "push", ["created_at"], unique=False)
    op.create_table(
        "officer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("facility", sa.String(), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(), nullable=True),
        sa.Column("link_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["facility"], ["facility.code"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("link_hash"),
    )
    op.create_index(op.f("ix_officer_facility"), "officer", ["facility"], unique=False)


def downgrade() -> None:
    for table in ("officer", "push", "push_key", "feed_hour", "feed", "local_code"):
        op.drop_table(table)
    op.drop_index("ix_result_stored", table_name="result")
    for table, columns in _NEW_COLUMNS.items():
        for column in columns:
            op.drop_column(table, column)
