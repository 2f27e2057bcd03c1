"""Whose message came over MLLP: by the sender's name in it and the network it came from.

A name in a message proves nothing, so each feed says from which networks it may come.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from core.feeds.feed import Feed, FeedKind

LOOPBACK = ("127.0.0.0/8", "::1/128")


def sender_of(feeds: Iterable[Feed], application: str, facility: str, peer: str) -> Feed | None:
    """The feed that a message belongs to, or None.

    Args:
        application: MSH-3, first component.
        facility: MSH-4, first component.
        peer: Address of the other end.
    """
    exact, loose = f"{application}|{facility}".upper(), facility.upper()
    named = [
        feed
        for feed in feeds
        if feed.kind is FeedKind.MLLP and feed.active and feed.address.upper() in (exact, loose)
    ]
    named.sort(key=lambda feed: feed.address.upper() != exact)
    return next((feed for feed in named if comes_from(peer, feed.peers or LOOPBACK)), None)


def names_facility(address: str, code: str) -> bool:
    """Whether a feed's address takes messages of ``code`` in MSH-4: of all, or of one MSH-3."""
    written, wanted = address.upper(), code.upper()
    return written == wanted or written.endswith(f"|{wanted}")


def comes_from(peer: str, networks: Iterable[str]) -> bool:
    """Whether an address lies in one of the networks (CIDR); an IPv4 in IPv6 is the IPv4."""
    address = ip_address(peer.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in ip_network(network, strict=False) for network in networks)


def is_network(text: str) -> bool:
    """Whether ``text`` is an address or a network."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
