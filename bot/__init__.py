"""The composition root and the chat.

`app.py`, `cli/` and `jobs.py` wire every room. `conversations/` and `channels/` know the core
only, and import aiogram: nothing here may import them before a process is to chat.
"""
