"""How a result of each class is shown at each door.

Source: the glossary's table of confidentiality classes. Class C needs an opt-in made
beforehand; class D is never shown here.
"""

from __future__ import annotations

from enum import StrEnum

from core.results.catalogue import Confidentiality


class Door(StrEnum):
    """Where somebody looks at results."""

    WEB = "web"
    CHAT = "chat"


class Showing(StrEnum):
    """What is shown of a result."""

    FULL = "full"
    NEEDS_PROOF = "needs_proof"
    LINK_ONLY = "link_only"
    HIDDEN = "hidden"


def showing(
    confidentiality: Confidentiality, door: Door, *, proven_now: bool, opted_in: bool = False
) -> Showing:
    """How to show a result of this class.

    Args:
        proven_now: The date of birth was given in this very visit.
        opted_in: The person asked beforehand to be shown class C results.
    """
    if confidentiality is Confidentiality.A:
        return Showing.FULL
    if confidentiality is Confidentiality.D:
        return Showing.HIDDEN
    if confidentiality is Confidentiality.C and not opted_in:
        return Showing.HIDDEN
    if door is Door.CHAT:
        return Showing.LINK_ONLY
    return Showing.FULL if proven_now else Showing.NEEDS_PROOF


def shows_code(confidentiality: Confidentiality, *, asked: bool) -> bool:
    """Whether a result that is shown in full shows its QR code too.

    Args:
        asked: The holder asked for the code of this very result: a clinical one may be looked
            at in company, and its code says everything.
    """
    if confidentiality is Confidentiality.A:
        return True
    return confidentiality is Confidentiality.B and asked
