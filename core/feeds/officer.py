"""A facility's responsible officers, and how they hear of a feed that is too quiet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.feeds.freshness import Alert, Notice
from core.messages import templates
from core.messages.delivery import SMS, DeliveryDraft, Priority
from core.messages.templates import Template

LINK_LIFETIME = timedelta(minutes=30)  # time to read a code out; found later, it is void
NEWS_FOR = timedelta(hours=12)  # a letter that could not be sent until then is stale
_TEMPLATES = {
    Alert.SILENT: Template.FEED_SILENT,
    Alert.LOW_VOLUME: Template.FEED_LOW,
    Alert.NONE: Template.FEED_RECOVERED,
}
_NO_ANSWER = frozenset({"feed_unreachable", "feed_timed_out"})
_OURS = "feed_failed"  # the poll broke on our side: nothing that the facility could mend


@dataclass(frozen=True, slots=True)
class Officer:
    """Who answers for a facility's link.

    Args:
        phone: E.164.
        channel: Chat channel of a linked chat (``telegram``, ``zalo``); empty: none.
        chat: Its id there.
    """

    id: str
    facility: str
    name: str = field(repr=False)
    phone: str = field(repr=False)
    channel: str = ""
    chat: str = field(default="", repr=False)


def letters(
    notice: Notice,
    officers: Iterable[Officer],
    *,
    now: datetime,
    zone: ZoneInfo,
    say: Callable[..., str],
) -> list[DeliveryDraft]:
    """One SMS an officer, and the same in the linked chat; each has a key of its own.

    Args:
        zone: In which the officers read the time.
        say: Gives the chat's sentence: ``say(key, facility=…, feed=…, since=…)``.
    """
    template = _TEMPLATES[notice.alert]
    data = {
        "facility": notice.feed.facility,
        "feed": notice.feed.name,
        "since": _local(notice.since, zone),
    }
    text = templates.write(template, **data)
    spoken = say(f"alerts.{template}{_reason(notice)}", **data)
    key = f"feed:{notice.feed.id}:{notice.alert or 'over'}:{notice.since.timestamp():.0f}"
    drafts = []
    for officer in officers:
        own = f"{key}:{officer.id}"
        if officer.phone:
            drafts.append(_draft(own, template, officer.phone, text, SMS))
        if officer.chat:
            drafts.append(_draft(f"{own}:c", template, officer.chat, spoken, officer.channel))
    return [replace(draft, expires_at=now + NEWS_FOR) for draft in drafts]


def _reason(notice: Notice) -> str:
    """Whom to call: who runs the server, or who set up the account; empty: nothing is known."""
    if notice.alert is not Alert.SILENT or notice.error in ("", _OURS):
        return ""
    return ".unreachable" if notice.error in _NO_ANSWER else ".unreadable"


def _draft(key: str, template: Template, to: str, text: str, channel: str) -> DeliveryDraft:
    return DeliveryDraft(key, template, to, text, Priority.ALERT, channel=channel)


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M %d/%m/%Y}"
