"""What became of one item."""

from __future__ import annotations

from dataclasses import dataclass

from core.quick import quick_init
from core.results.reported import Finding
from core.results.versions import Change


@quick_init
@dataclass(frozen=True, slots=True)
class ItemReport:
    """What became of one item (an entry of ``items`` in ``ketqua ingest --json``).

    Args:
        row: As the sender's spreadsheet shows it; None for other formats.
    """

    source: str
    index: int
    change: Change
    result_id: str | None = None
    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    row: int | None = None
