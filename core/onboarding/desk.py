"""The desks of onboarding, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from core.onboarding.codes import CodeDesk
from core.onboarding.facilities import FacilityDesk
from core.onboarding.feeds import FeedDesk
from core.onboarding.officers import OfficerDesk


@dataclass(frozen=True, slots=True)
class Onboarding:
    """Everything that it takes to connect a laboratory."""

    facilities: FacilityDesk
    feeds: FeedDesk
    officers: OfficerDesk
    codes: CodeDesk
