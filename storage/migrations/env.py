"""What Alembic runs: the revisions over the connection that ``storage.migrate`` opened.

Transactions are the caller's, so that an upgrade is all or nothing on both databases.
"""

from alembic import context
from sqlmodel import SQLModel

from storage import rows  # noqa: F401  (fills the metadata)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    compare_type=True,
)
context.run_migrations()
