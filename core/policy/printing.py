"""Which results may go on paper.

A slip is passed on, copied and lost, so it shows no more than a QR would: class A; class B
only because its holder, or staff for them, asked for just this one; C and D never.
"""

from __future__ import annotations

from enum import StrEnum

from core.ports import ShelfItem
from core.results.catalogue import Confidentiality
from core.results.reported import ReportStatus

_GOOD = "good"


class PrintRefusal(StrEnum):
    """Why there is no paper."""

    NOT_PRINTED = "not_printed"
    ONLY_WHEN_ASKED = "only_when_asked"
    NOT_FINAL = "not_final"
    REPLACED = "replaced"
    NO_CERTIFICATE = "no_certificate"


def print_refusal(
    item: ShelfItem, *, standing: str, asked: bool, card: bool = False
) -> PrintRefusal | None:
    """Why ``item`` may not be printed; None if it may.

    Args:
        item: Of a current version, or with its certificate's standing.
        standing: ``good`` where there is no certificate.
        asked: Its holder asked for it, knowing what it is.
        card: A card without a QR code is good for nothing.
    """
    result = item.result
    if result.test.confidentiality in (Confidentiality.C, Confidentiality.D):
        return PrintRefusal.NOT_PRINTED
    if result.test.confidentiality is Confidentiality.B and not asked:
        return PrintRefusal.ONLY_WHEN_ASKED
    if result.status is ReportStatus.WITHDRAWN or standing != _GOOD:
        return PrintRefusal.REPLACED
    if result.status is ReportStatus.PRELIMINARY:
        return PrintRefusal.NOT_FINAL
    if card and (item.certificate is None or result.needs_new_sample):
        return PrintRefusal.NO_CERTIFICATE
    return None
