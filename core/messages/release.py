"""Who is told what when a result is stored: one message or none, chosen by class.

Classes C and D get the neutral text, the same for every outcome, and only with consent
recorded at sampling. Without a mobile number nobody is told.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.messages import templates
from core.messages.delivery import DeliveryDraft, Priority
from core.messages.templates import Template
from core.quick import quick_init
from core.results.catalogue import Confidentiality
from core.results.result import Result
from core.results.versions import Change


@quick_init
@dataclass(frozen=True, slots=True)
class Announcement:
    """The codes that one message carries, made fresh for it.

    Args:
        code: Short code of the result.
        link: Full address with the token.
        days: Life of the link.
        appointment: Unrelated to everything else.
    """

    code: str
    link: str
    days: int
    appointment: str


_BY_CHANGE = {
    Change.ACCEPTED: Template.READY,
    Change.CORRECTED: Template.CORRECTED,
    Change.WITHDRAWN: Template.REVOKED,
}


def choose_template(result: Result, change: Change, *, announced: bool) -> Template | None:
    """The message that this change calls for.

    Args:
        announced: An earlier version was announced; a withdrawal of what nobody heard of
            is kept quiet.
    """
    if change is Change.WITHDRAWN and not announced:
        return None
    if result.test.confidentiality in (Confidentiality.C, Confidentiality.D):
        return Template.SENSITIVE if result.consent_to_contact else None
    if change is not Change.WITHDRAWN and result.needs_new_sample:
        return Template.NEW_SAMPLE
    return _BY_CHANGE.get(change)


def draft(
    result_id: str, version: int, result: Result, template: Template, announcement: Announcement
) -> DeliveryDraft | None:
    """Write the message, or None where there is no number to send it to."""
    if not result.person.phone:
        return None
    text = templates.write(
        template,
        code=announcement.code,
        link=announcement.link,
        days=str(announcement.days),
        appointment=announcement.appointment,
    )
    key = f"result:{result_id}:{version}"
    return DeliveryDraft(
        key, template, result.person.phone, text, Priority.RESULT, result_id=result_id
    )
