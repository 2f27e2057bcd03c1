"""The demo's phone, chat and laboratory button. Only ``--demo`` has this room."""
