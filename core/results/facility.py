"""A facility: a unit that tests, and how its dates read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo


class DateOrder(StrEnum):
    """How the facility writes a date of numbers only, such as ``03/04/2026``."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


class Stage(StrEnum):
    """How far a facility's connection has come.

    A pilot's items are read, judged and accounted for; nothing of them reaches people.
    """

    PILOT = "pilot"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Facility:
    """One connected unit.

    Args:
        code: Upper-case word, unique (``BVNDGD``).
        short_name: What fits into a certificate (at most 30 characters).
        zone: IANA name of the zone in which its local times are written.
        contact: How a citizen reaches it, shown with help texts.
        date_order: A date that contradicts it is refused, never reinterpreted.
    """

    code: str
    name: str
    short_name: str
    zone: str = "Asia/Ho_Chi_Minh"
    contact: str = ""
    date_order: DateOrder = DateOrder.DAY_FIRST
    stage: Stage = Stage.LIVE

    @property
    def is_pilot(self) -> bool:
        """Whether nothing of what it sends reaches people yet."""
        return self.stage is Stage.PILOT

    @property
    def timezone(self) -> ZoneInfo:
        """The zone itself. Raises: ZoneInfoNotFoundError."""
        return ZoneInfo(self.zone)
