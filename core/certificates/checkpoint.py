"""A checkpoint: the verifier with this installation's trust, revocations and rule.

The page and the chat check here, so that a positive is never green on either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.certificates.claims import Claims
from core.certificates.trust import TrustStore
from core.certificates.verify import RuleOutcome, Standing, Verdict, verify, verify_image
from core.ports import Clock


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Checks what people show.

    Args:
        trust: Gives the certificates trusted now (they change when a key rotates).
    """

    trust: Callable[[], TrustStore]
    standing: Callable[[str], Standing]
    rule: Callable[[Claims, datetime], RuleOutcome]
    clock: Clock

    def check_text(self, text: str) -> Verdict:
        """Check pasted text."""
        return verify(text, self.trust(), at=self.clock(), standing=self.standing, rule=self.rule)

    def check_image(self, data: bytes) -> Verdict:
        """Check the code in an uploaded picture."""
        return verify_image(
            data, self.trust(), at=self.clock(), standing=self.standing, rule=self.rule
        )
