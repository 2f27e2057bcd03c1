"""Answers to senders in their own formats: an account of a file becomes bytes, no I/O.

Wording comes in as ``Explain``; nothing here knows a language, and nothing says a person's
data back.
"""

from __future__ import annotations

from collections.abc import Callable

from core.results.reported import Finding

Explain = Callable[[Finding], tuple[str, str]]
"""Gives the sentence for a finding, and how to fix it."""
