"""Chats of officers: found by a blind index, and the codes that a chat has tried.

No officer could link a chat before this, so there is nothing to fill in.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    op.add_column("officer", sa.Column("chat_index", sa.LargeBinary(), nullable=True))
    op.create_index(op.f("ix_officer_chat_index"), "officer", ["chat_index"], unique=False)
    op.create_table(
        "chat_guess",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chat_index", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_chat_guess_chat", "chat_guess", ["chat_index", "at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_chat_guess_chat", table_name="chat_guess")
    op.drop_table("chat_guess")
    op.drop_index(op.f("ix_officer_chat_index"), table_name="officer")
    op.drop_column("officer", "chat_index")
