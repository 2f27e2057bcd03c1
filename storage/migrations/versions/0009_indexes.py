"""Indexes by which a correction finds its messages, and the console what waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: None = None
depends_on: None = None

_OPEN = sa.text("state IN ('pending', 'claimed')")
_QUARANTINED = sa.text("change = 'quarantined'")


def upgrade() -> None:
    op.create_index(
        "ix_delivery_unsent", "delivery", ["result_id"], unique=False, sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )  # fmt: skip
    op.create_index(
        "ix_inbox_waiting", "inbox_item", ["facility", "reason"], unique=False,
        sqlite_where=_QUARANTINED, postgresql_where=_QUARANTINED,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_inbox_waiting", table_name="inbox_item")
    op.drop_index("ix_delivery_unsent", table_name="delivery")
