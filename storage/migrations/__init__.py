"""The history of the tables, run by ``storage.migrate``. A revision is never edited."""
