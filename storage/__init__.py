"""State: tables, what is read and written, field encryption, key files.

Every class here implements a port of ``core.ports`` over one ``Engine``; SQLite and
PostgreSQL behave alike. Rules are not here, and nothing in here knows a chat or a page.
"""
