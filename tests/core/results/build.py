"""Builders of reports and results for tests: a valid one, changed where a test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from core.results.catalogue import Catalogue
from core.results.reported import Coding, Member, ReportedPatient, ReportedResult, ReportStatus

NOW = datetime(2026, 1, 2, 8, tzinfo=UTC)
NEGATIVE = Coding("SCT", "260415000")
POSITIVE = Coding("SCT", "260373001")
CATALOGUE = Catalogue.parse(
    """
    [[tests]]
    key = "SARSCOV2-PCR"
    names = { vi = "Xét nghiệm Realtime RT-PCR", en = "RT-PCR" }
    kind = "pcr"
    class = "A"
    target = "840539006"
    codes = [["LN", "94500-6"]]

    [[tests]]
    key = "DENGUE-NS1"
    names = { vi = "Sốt xuất huyết NS1", en = "Dengue NS1" }
    kind = "qualitative"
    class = "B"
    target = "38362002"
    codes = [["LN", "75377-2"]]

    [[tests]]
    key = "PANEL"
    names = { vi = "Tổng phân tích", en = "Panel" }
    kind = "panel"
    class = "B"
    target = ""
    codes = [["LN", "58410-2"]]

    [[tests]]
    key = "HIV"
    names = { vi = "HIV", en = "HIV" }
    kind = "qualitative"
    class = "D"
    target = "86406008"
    codes = [["LN", "75622-1"]]
    """
)


def patient(**changes: Any) -> ReportedPatient:
    """A person with everything that is needed."""
    facts: dict[str, Any] = {
        "family": "Nguyễn",
        "given": "Văn Bình",
        "birth_date": "1990-03-05",
        "phones": ("0901234567",),
    }
    return ReportedPatient(**(facts | changes))


def report(*, value: Coding = NEGATIVE, test: str = "94500-6", **changes: Any) -> ReportedResult:
    """A negative PCR, released an hour after it was collected."""
    code = Coding("LN", test)
    facts: dict[str, Any] = {
        "accession": "A-1",
        "status": ReportStatus.FINAL,
        "codes": (code,),
        "members": (Member((code,), value_codes=(value,)),),
        "patient": patient(),
        "collected_at": NOW - timedelta(hours=2),
        "reported_at": NOW - timedelta(hours=1),
    }
    return ReportedResult(**(facts | changes))
