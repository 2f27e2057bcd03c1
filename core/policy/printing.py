"""Which results may go on paper.

A slip is passed on, copied and lost, so it shows no more than a QR would: class A; class B
only because its holder, or staff for them, asked for just this one; C and D never, and where one
of those is found the answer is that of a number that isn't there.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from core.ports import ShelfItem
from core.results.catalogue import Confidentiality
from core.results.reported import ReportStatus

_GOOD = "good"
_NEVER = frozenset({Confidentiality.C, Confidentiality.D})


class PrintRefusal(StrEnum):
    """Why there is no paper."""

    NOT_PRINTED = "not_printed"
    ONLY_WHEN_ASKED = "only_when_asked"
    ASKED_FOR_SEVERAL = "asked_for_several"
    NOT_FINAL = "not_final"
    REPLACED = "replaced"
    NO_CERTIFICATE = "no_certificate"


def printable(items: Iterable[ShelfItem]) -> list[ShelfItem]:
    """Those that leave a trace, once each: the others are as if they weren't there."""
    shown = (each for each in items if each.result.test.confidentiality not in _NEVER)
    return list({each.result_id: each for each in shown}.values())


def print_refusal(
    item: ShelfItem, *, standing: str, asked: bool, alone: bool = True, card: bool = False
) -> PrintRefusal | None:
    """Why ``item`` may not be printed; None if it may.

    Args:
        item: Of a current version, or with its certificate's standing.
        standing: ``good`` where there is no certificate.
        asked: Its holder asked for it, knowing what it is.
        alone: Nothing else was found by what was asked for: one wish is for one result.
        card: A card without a QR code is good for nothing.
    """
    result = item.result
    if result.test.confidentiality in _NEVER:
        return PrintRefusal.NOT_PRINTED
    if result.test.confidentiality is Confidentiality.B and not (asked and alone):
        return PrintRefusal.ASKED_FOR_SEVERAL if asked else PrintRefusal.ONLY_WHEN_ASKED
    if result.status is ReportStatus.WITHDRAWN or standing != _GOOD:
        return PrintRefusal.REPLACED
    if result.status is ReportStatus.PRELIMINARY:
        return PrintRefusal.NOT_FINAL
    if card and (item.certificate is None or result.needs_new_sample):
        return PrintRefusal.NO_CERTIFICATE
    return None
