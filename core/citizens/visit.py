"""A visit to the web pages: what replaces a session cookie.

Each page carries a signed, single-use ticket for the next step; the row of the visit knows
how far it has come. A ticket names its visit and step; advancing is one conditional update,
so a ticket that was used, forged or outlived gets nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit.

    Args:
        id: Unguessable.
        step: Number of the next ticket that is valid.
        challenge_id: The OTP this visit asked for; nobody else can answer it.
        verified: The OTP was right: ``phone`` is proven.
        person_key: The person being looked at, or None.
        proven: Their date of birth was given in this visit.
        result_id: The result that the SMS link named, or None.
    """

    id: str
    step: int
    phone: str
    challenge_id: str
    expires_at: datetime
    verified: bool = False
    person_key: str | None = None
    proven: bool = False
    result_id: str | None = None
