"""Where the readers' tests find their files, and short names for what comes out of them."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo

from core.results.reported import NotAResult, ReadItem, ReportedResult, Unreadable
from labs.readers.detect import read

REPOSITORY = Path(__file__).resolve().parents[3]
LABS = Path(os.environ.get("KETQUA_VECTORS", REPOSITORY.parent / "shared/vectors")) / "labs"
VN = REPOSITORY / "tests/vectors/vn"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SOAK = os.environ.get("KETQUA_SOAK") == "1"


def items(path: Path) -> list[ReadItem]:
    """Everything that a file gives."""
    return list(read(path.read_bytes(), zone=ZONE))


def told(item: ReadItem) -> str:
    """``final ACCESSION``, ``ignored CODE`` or the first finding: code and field."""
    content = item.content
    if isinstance(content, ReportedResult):
        return f"{content.status} {content.accession}"
    if isinstance(content, NotAResult):
        return f"ignored {content.finding.detail}"
    first = content.findings[0]
    return f"{first.code} {first.field}".strip()


def results(path: Path) -> list[ReportedResult]:
    """The results of a file; anything else in it fails the test."""
    found = [item.content for item in items(path)]
    assert not [content for content in found if isinstance(content, Unreadable | NotAResult)]
    return [content for content in found if isinstance(content, ReportedResult)]


def the_result(data: bytes) -> ReportedResult:
    """The only result of ``data``."""
    (item,) = read(data, zone=ZONE)
    assert isinstance(item.content, ReportedResult), item.content
    return item.content
