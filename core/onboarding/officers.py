"""A facility's responsible officers: named with a mobile number, given a chat, taken off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.citizens.phone import PhoneKind, read_phone
from core.feeds.officer import Officer
from core.feeds.ports import Officers
from core.onboarding.journal import Journal
from core.onboarding.mistake import Mistake, Mistakes
from core.ports import Randomness

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class OfficerDesk:
    """Where officers are named.

    Args:
        offer: Makes a code with which an officer links a chat (``core.feeds.linking``).
    """

    officers: Officers
    journal: Journal
    random: Randomness
    offer: Callable[[str], str | None]

    def of(self, facility: str) -> list[Officer]:
        """The officers of a facility."""
        return self.officers.of(facility)

    def add(self, facility: str, name: str, phone: str, *, by: str) -> Officer | Mistakes:
        """Name an officer; alerts go out by SMS, so the number must be a mobile one."""
        name, read = " ".join(name.split()), read_phone(phone)
        found = []
        if not name:
            found.append(Mistake("name", "field_missing"))
        elif len(name) > LONGEST_NAME:
            found.append(Mistake("name", "field_too_long", str(LONGEST_NAME)))
        if read.kind is not PhoneKind.MOBILE:
            found.append(Mistake("phone", "phone_not_mobile"))
        elif any(each.phone == read.e164 for each in self.officers.of(facility)):
            found.append(Mistake("phone", "officer_known"))
        if found:
            return Mistakes(tuple(found))
        officer = Officer(self.random(4).hex(), facility, name, read.e164)
        self.officers.add(officer)
        self.journal.note(by, "officer_added", officer.id)
        return officer

    def link_code(self, officer_id: str, *, by: str) -> str | None:
        """A code to hand to an officer, to be shown once; None: no such officer."""
        code = self.offer(officer_id)
        if code is not None:
            self.journal.note(by, "officer_link_offered", officer_id)
        return code

    def remove(self, officer_id: str, *, by: str) -> bool:
        """Take an officer off; whether there was one."""
        gone = self.officers.remove(officer_id)
        if gone:
            self.journal.note(by, "officer_removed", officer_id)
        return gone
