"""The real message catalogues, for every test that reads what people read."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from core.messages.language import Catalogues

FOLDER = Path(__file__).parents[1] / "core" / "messages" / "catalogues"


@cache
def catalogues() -> Catalogues:
    """Every language there is a file for."""
    return Catalogues({path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.po"))})
