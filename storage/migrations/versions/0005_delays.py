"""The days of a feed, and indexes from which a board reads how long results take."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: None = None
depends_on: None = None

_FIRST_AND_OPEN = sa.text("version = 1 AND confidentiality IN ('A', 'B')")
_TOLD = sa.text("state = 'sent' AND result_id IS NOT NULL")


def upgrade() -> None:
    days = sa.Column("days", sa.String(), nullable=False, server_default="mon-sun")
    op.add_column("feed", days)
    op.create_index(
        "ix_result_delay",
        "result",
        ["stored_at", "facility", "collected_at", "reported_at", "id", "version",
         "confidentiality"],
        unique=False,
        sqlite_where=_FIRST_AND_OPEN,
        postgresql_where=_FIRST_AND_OPEN,
    )  # fmt: skip
    op.create_index(
        "ix_delivery_told",
        "delivery",
        ["finished_at", "result_id", "state"],
        unique=False,
        sqlite_where=_TOLD,
        postgresql_where=_TOLD,
    )


def downgrade() -> None:
    op.drop_index("ix_delivery_told", table_name="delivery")
    op.drop_index("ix_result_delay", table_name="result")
    op.drop_column("feed", "days")
