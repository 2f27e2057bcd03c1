"""The account of what was taken in, as JSON: the same for the command and for a push."""

from __future__ import annotations

from core.results.intake import IntakeReport, ItemReport
from core.results.reported import Finding
from labs.replies import Explain


def account(report: IntakeReport, explain: Explain) -> dict[str, object]:
    """``received``, the count of each outcome, and ``items`` in the order of the file."""
    return {**report.counts(), "items": [_item(item, explain) for item in report.items]}


def _item(item: ItemReport, explain: Explain) -> dict[str, object]:
    entry: dict[str, object] = {
        "source": item.source,
        "index": item.index,
        "status": item.change,
        "errors": [told(finding, explain) for finding in item.errors],
        "warnings": [told(finding, explain) for finding in item.warnings],
    }
    if item.row is not None:
        entry["row"] = item.row
    if item.result_id:
        entry["result_id"] = item.result_id
    return entry


def told(finding: Finding, explain: Explain) -> dict[str, str]:
    """A finding with its sentence and its advice."""
    message, hint = explain(finding)
    return {"code": finding.code, "field": finding.field, "message": message, "hint": hint}
