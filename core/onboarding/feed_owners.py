"""Whose messages and files a feed would take: never another facility's.

A message says its sender in MSH-3 and MSH-4; a feed has both (``LIS|BVX``) or the second one
only, which fits whatever the first is. A facility's code is its own as a sender's name, whether
it has a feed or not. A folder is read with what lies below it put aside there, so no other
facility's feed may lie at, above or below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_network
from pathlib import PurePosixPath

from core.feeds.feed import Feed, FeedKind
from core.feeds.sender import LOOPBACK, names_facility
from core.onboarding.mistake import Mistakes, mistaken


def taken(feed: Feed, feeds: Iterable[Feed], facilities: Iterable[str]) -> Mistakes | None:
    """Why the feed would take what another facility sends, or None.

    Args:
        feeds: Every feed that there is.
        facilities: Every facility's code.
    """
    others = [each for each in feeds if each.facility != feed.facility and each.kind is feed.kind]
    if feed.kind is FeedKind.FOLDER:
        return _first("feed_folder_taken", feed, others, _share_a_folder)
    if feed.kind is not FeedKind.MLLP:
        return None
    for code in facilities:
        if code != feed.facility and names_facility(feed.address, code):
            return mistaken("address", "feed_sender_is_facility", code)
    return _first("feed_sender_taken", feed, others, _share_a_sender)


def _first(
    code: str, feed: Feed, others: Iterable[Feed], share: Callable[[Feed, Feed], bool]
) -> Mistakes | None:
    other = next((other for other in others if share(feed, other)), None)
    return mistaken("address", code, other.facility) if other else None


def _share_a_folder(one: Feed, other: Feed) -> bool:
    first, second = _folder(one.address), _folder(other.address)
    return first.is_relative_to(second) or second.is_relative_to(first)


def _folder(address: str) -> PurePosixPath:
    """Two slashes at the beginning are one to the system."""
    return PurePosixPath("/" + address.lstrip("/") if address.startswith("/") else address)


def _share_a_sender(one: Feed, other: Feed) -> bool:
    same_name = names_facility(one.address, other.address) or names_facility(
        other.address, one.address
    )
    return same_name and _overlap(one.peers or LOOPBACK, other.peers or LOOPBACK)


def _overlap(some: Iterable[str], others: Iterable[str]) -> bool:
    networks = [ip_network(each, strict=False) for each in others]
    return any(
        one.version == two.version and one.overlaps(two)
        for one in (ip_network(each, strict=False) for each in some)
        for two in networks
    )
