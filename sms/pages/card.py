"""A result as its page shows it.

What a class may not show here was decided before; a result that still needs proof becomes a
card without test, outcome or place.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime

from core.certificates.picture import screen_png
from core.certificates.verdict import Verdict, VerdictWord
from core.citizens.retrieval import ResultView
from core.policy.showing import Showing
from core.results.reported import ReportStatus
from core.results.result import Outcome, Result, Value
from sms.page import language
from sms.room import current_room

SCREEN = 240  # CSS pixels of the smallest screen that we serve
_NEVER_SHOWN = frozenset({VerdictWord.REVOKED, VerdictWord.CORRECTED})


@dataclass(frozen=True, slots=True)
class Card:
    """What a template shows of a result.

    Args:
        outcome: ``negative``, ``positive``, ``retake`` or ``reported``.
        qr: ``data:`` address of the picture, or empty.
        until: How long the default rule accepts it; None if it never does.
        ended: The default rule accepted it once, and no longer does.
        revoked: Its certificate was revoked: its code is not to be shown any more.
        offers_qr: There is a code, and the person must ask for it.
    """

    result_id: str
    name: str
    test: str
    outcome: str
    collected_at: datetime
    reported_at: datetime
    facility: str
    contact: str
    code: str
    values: tuple[Value, ...]
    corrected: bool
    qr: str
    until: datetime | None
    ended: bool
    revoked: bool
    offers_qr: bool


def card(view: ResultView, *, draw: bool = True, asked: bool = False) -> Card | None:
    """The card of a result, None while it needs proof.

    Args:
        draw: With its QR code.
        asked: The person asked for the code of this result.
    """
    if view.showing is not Showing.FULL:
        return None
    item, result = view.item, view.item.result
    text = view.qr_text(asked=asked) if draw else None
    verdict = current_room().checkpoint.check_text(text) if text else None
    revoked = verdict is not None and verdict.verdict in _NEVER_SHOWN
    return Card(
        result_id=item.result_id,
        name=result.person.full_name,
        test=result.test.name(language()),
        outcome=_outcome(result),
        collected_at=result.collected_at,
        reported_at=result.reported_at,
        facility=item.facility_name,
        contact=item.facility_contact,
        code=item.short_code,
        values=() if result.needs_new_sample else result.values,
        corrected=result.status is ReportStatus.CORRECTED or item.version > 1,
        qr=_drawn(text) if text and not revoked else "",
        until=verdict.rule_valid_until if verdict else None,
        ended=verdict is not None and _ended(verdict),
        revoked=revoked,
        offers_qr=view.code_on_request and text is None,
    )


def _outcome(result: Result) -> str:
    """The word shown; a pool's positive is nobody's positive."""
    if result.needs_new_sample or result.outcome in (Outcome.INDETERMINATE, Outcome.INVALID):
        return "retake"
    return result.outcome.value


def _ended(verdict: Verdict) -> bool:
    too_old = verdict.verdict is VerdictWord.RULE_NOT_MET and verdict.rule_valid_until is not None
    return too_old or verdict.verdict is VerdictWord.EXPIRED


def _drawn(text: str) -> str:
    return f"data:image/png;base64,{b64encode(screen_png(text, max_px=SCREEN)).decode()}"
