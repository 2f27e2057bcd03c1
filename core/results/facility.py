"""A facility: a unit that tests, and how its dates read."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Facility:
    """One connected unit.

    Args:
        code: Upper-case word, unique (``BVNDGD``).
        short_name: What fits into a certificate (at most 30 characters).
        zone: IANA name of the zone in which its local times are written.
        contact: How a citizen reaches it, shown with help texts.
    """

    code: str
    name: str
    short_name: str
    zone: str = "Asia/Ho_Chi_Minh"
    contact: str = ""

    @property
    def timezone(self) -> ZoneInfo:
        """The zone itself. Raises: ZoneInfoNotFoundError."""
        return ZoneInfo(self.zone)
