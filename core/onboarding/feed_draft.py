"""A feed as somebody typed it, and the feed that it becomes.

Only what its kind needs is looked at; the rest is left out, so that nothing stays behind when
a feed changes its kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from core.feeds import weekdays
from core.feeds.feed import DEFAULT_INTERVAL, LONGEST_INTERVAL, Feed, FeedKind
from core.feeds.sender import is_network
from core.onboarding.mistake import Mistake, Mistakes, mistaken

FIELDS: dict[FeedKind, tuple[str, ...]] = {
    FeedKind.FOLDER: ("address", "interval"),
    FeedKind.SFTP: ("address", "secret", "host_key", "interval"),
    FeedKind.FHIR: ("address", "secret", "interval"),
    FeedKind.MLLP: ("address", "peers"),
    FeedKind.PUSH: (),
}
"""What each kind asks for, beside ``expected``, ``hours`` and ``days``."""

ALL_DAY = "0-24"
ALL_WEEK = weekdays.write(weekdays.EVERY_DAY)
USUAL_INTERVAL = str(DEFAULT_INTERVAL // timedelta(minutes=1))
LONGEST_SECRET = 16_384  # a private key of 4096 bits has about 3,400
_LONGEST = 500
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,23}")
_HOURS = re.compile(r"([01]?\d|2[0-4])\s*-\s*([01]?\d|2[0-4])")
_HOST_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")
_MOST_MINUTES = 366 * 24 * 60


@dataclass(frozen=True, slots=True)
class FeedDraft:
    """A feed as it was typed.

    Args:
        secret: None leaves what is kept; empty takes it away.
        host_key: The same.
        peers: Networks (CIDR).
        interval: Minutes between two polls.
        expected: Silent after so many minutes; empty: never.
        hours: Local hours in which it sends: ``7-17``.
        days: On which it sends: ``mon-sat`` (``core.feeds.weekdays``).
    """

    kind: str
    address: str = ""
    secret: str | None = field(default=None, repr=False)
    host_key: str | None = None
    peers: tuple[str, ...] = ()
    interval: str = USUAL_INTERVAL
    expected: str = ""
    hours: str = ALL_DAY
    days: str = ALL_WEEK


def draft_of(feed: Feed) -> FeedDraft:
    """A feed as it would be typed; its secret and its server's key stay as they are."""
    minute, expected = timedelta(minutes=1), feed.expected_every
    return FeedDraft(
        feed.kind,
        feed.address,
        peers=feed.peers,
        interval=str(feed.interval // minute),
        expected=str(expected // minute) if expected else "",
        hours=f"{feed.opens}-{feed.closes}",
        days=weekdays.write(feed.days),
    )


def is_feed_name(name: str) -> bool:
    """Whether a feed may be called so."""
    return _NAME.fullmatch(name) is not None


def drawn(facility: str, name: str, draft: FeedDraft, before: Feed | None) -> Feed | Mistakes:
    """The feed that a draft describes.

    Args:
        before: The one that is there under this name.
    """
    if draft.kind not in set(FeedKind):
        return mistaken("kind", "choice_unknown", draft.kind[:_LONGEST])
    kind = FeedKind(draft.kind)
    found = _mistakes(name, kind, draft, before)
    if found:
        return Mistakes(tuple(found))
    needs, span = FIELDS[kind], _HOURS.fullmatch(draft.hours.strip())
    assert span  # noqa: S101  (looked at in _mistakes)
    minutes = draft.interval if "interval" in needs else USUAL_INTERVAL
    return Feed(
        facility=facility,
        name=name,
        kind=kind,
        address=draft.address.strip() if "address" in needs else "",
        peers=draft.peers if "peers" in needs else (),
        host_key=_kept(kind, draft, before, "host_key"),
        secret=_kept(kind, draft, before, "secret"),
        interval=timedelta(minutes=int(minutes)),
        expected_every=timedelta(minutes=int(draft.expected)) if draft.expected.strip() else None,
        opens=int(span[1]),
        closes=int(span[2]),
        days=weekdays.parse(draft.days),
        active=before.active if before else True,
    )


def _kept(kind: FeedKind, draft: FeedDraft, before: Feed | None, name: str) -> str:
    """What is given, else what is kept while the server is the same."""
    if name not in FIELDS[kind]:
        return ""
    given: str | None = getattr(draft, name)
    if given is not None:
        return given.strip()
    return str(getattr(before, name)) if before and _same_server(kind, draft, before) else ""


def _same_server(kind: FeedKind, draft: FeedDraft, before: Feed) -> bool:
    return before.kind is kind and _server(before.address) == _server(draft.address.strip())


def _server(address: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return parts.scheme, parts.netloc.rpartition("@")[2].lower()


def _mistakes(name: str, kind: FeedKind, draft: FeedDraft, before: Feed | None) -> list[Mistake]:
    needs = FIELDS[kind]
    found = [] if is_feed_name(name) else [Mistake("name", "feed_name_unusable", name[:_LONGEST])]
    if "address" in needs:
        found += _address_mistakes(draft.address.strip())
    if "peers" in needs:
        found += [
            Mistake("peers", "network_unusable", peer[:_LONGEST])
            for peer in draft.peers
            if not is_network(peer)
        ]
    if "host_key" in needs:
        keys = (draft.host_key or "").split()
        wrong = [key for key in keys if not _HOST_KEY.fullmatch(key)]
        found += [Mistake("host_key", "host_key_unusable", key[:_LONGEST]) for key in wrong]
    if "secret" in needs:
        found += _secret_mistakes(kind, draft, before)
    return found + _time_mistakes(draft, polled="interval" in needs)


def _address_mistakes(address: str) -> list[Mistake]:
    if not address:
        return [Mistake("address", "field_missing")]
    too_long = len(address) > _LONGEST
    return [Mistake("address", "field_too_long", str(_LONGEST))] if too_long else []


def _secret_mistakes(kind: FeedKind, draft: FeedDraft, before: Feed | None) -> list[Mistake]:
    if draft.secret is not None:
        too_long = len(draft.secret) > LONGEST_SECRET
        return [Mistake("secret", "field_too_long", str(LONGEST_SECRET))] if too_long else []
    moved = before is not None and before.secret and not _same_server(kind, draft, before)
    return [Mistake("secret", "feed_secret_again")] if moved else []


def _time_mistakes(draft: FeedDraft, *, polled: bool) -> list[Mistake]:
    found = []
    most = LONGEST_INTERVAL // timedelta(minutes=1)
    if polled and not _is_minutes(draft.interval, most):
        found.append(Mistake("interval", "minutes_unusable", str(most)))
    if draft.expected.strip() and not _is_minutes(draft.expected, _MOST_MINUTES):
        found.append(Mistake("expected", "minutes_unusable", str(_MOST_MINUTES)))
    if not _HOURS.fullmatch(draft.hours.strip()):
        found.append(Mistake("hours", "hours_unusable", draft.hours[:_LONGEST]))
    if not _names_days(draft.days):
        found.append(Mistake("days", "days_unusable", draft.days[:_LONGEST]))
    return found


def _names_days(text: str) -> bool:
    try:
        return bool(weekdays.parse(text))
    except ValueError:
        return False


def _is_minutes(text: str, most: int) -> bool:
    bare = text.strip()
    return bare.isascii() and bare.isdecimal() and len(bare) < 9 and 1 <= int(bare) <= most  # noqa: PLR2004
