"""An index of class-A results by person, for positives beside what a look-up found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: None = None
depends_on: None = None

_SHAREABLE = sa.text("is_current AND confidentiality = 'A'")


def upgrade() -> None:
    op.create_index(
        "ix_result_person",
        "result",
        ["person_index"],
        unique=False,
        sqlite_where=_SHAREABLE,
        postgresql_where=_SHAREABLE,
    )


def downgrade() -> None:
    op.drop_index("ix_result_person", table_name="result")
