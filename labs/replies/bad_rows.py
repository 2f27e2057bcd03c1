"""The rows of a spreadsheet that could not be used, as a spreadsheet.

Rules: rows are numbered as the sender's program shows them; the sender's own words stay out,
so the file holds no person's data; no cell can start a formula (a blank before it, or its
full-width twin, doesn't hide one).
Source: OWASP, "CSV Injection".
"""

from __future__ import annotations

import csv
import io

from core.results.intake import IntakeReport
from core.results.versions import Change
from labs.replies import Explain

HEADINGS = ("row", "status", "code", "field", "message", "hint")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_CONTROLS = ("\t", "\r", "\n")


def bad_rows(report: IntakeReport, explain: Explain, *, warnings: bool = False) -> bytes:
    """One line for each reason of each row that was held back; CSV with a mark for Excel.

    Args:
        warnings: Tell of the warnings of every row, too.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    for item in report.items:
        row = item.row if item.row is not None else item.index + 1
        errors = item.errors if item.change is Change.QUARANTINED else ()
        for finding in (*errors, *(item.warnings if warnings else ())):
            told = (item.change, finding.code, finding.field, *explain(finding))
            writer.writerow([row, *map(_harmless, told)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _harmless(cell: str) -> str:
    risky = cell.startswith(_CONTROLS) or cell.lstrip().startswith(_FORMULA)
    return f"'{cell}" if risky else cell
