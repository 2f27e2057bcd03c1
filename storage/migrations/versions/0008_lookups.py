"""How often officers look people up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    op.create_table(
        "lookup",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("missed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_lookup_officer", "lookup", ["officer", "at"], unique=False)
    op.create_index("ix_lookup_place", "lookup", ["place", "at"], unique=False)
    op.create_index(op.f("ix_lookup_at"), "lookup", ["at"], unique=False)


def downgrade() -> None:
    op.drop_table("lookup")
