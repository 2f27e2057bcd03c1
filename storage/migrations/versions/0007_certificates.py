"""The compact profile beside the full certificate, and results that wait for one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    op.add_column("certificate", sa.Column("compact", sa.LargeBinary(), nullable=True))
    op.add_column("certificate", sa.Column("compact_signature", sa.LargeBinary(), nullable=True))
    op.create_table(
        "owed_certificate",
        sa.Column("result_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["result_id"], ["result.id"]),
        sa.PrimaryKeyConstraint("result_id"),
    )


def downgrade() -> None:
    op.drop_table("owed_certificate")
    for column in ("compact_signature", "compact"):
        op.drop_column("certificate", column)
