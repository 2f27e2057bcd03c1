"""A checkpoint: the verifier with this installation's trust, revocations and rules.

The page and the chat check here, so that a positive is never green on either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.certificates.trust import TrustStore
from core.certificates.verify import Rule, Standing, Verdict, verify, verify_image
from core.policy.rule_desk import RuleDesk
from core.policy.simple_rules import DEFAULT_PLACE
from core.ports import Clock


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Checks what people show.

    Args:
        trust: Gives the certificates trusted now (they change when a key rotates).
    """

    trust: Callable[[], TrustStore]
    standing: Callable[[str], Standing]
    rules: RuleDesk
    clock: Clock

    def check_text(
        self,
        text: str,
        *,
        place: str = DEFAULT_PLACE,
        rule: Rule | None = None,
        at: datetime | None = None,
    ) -> Verdict:
        """Check pasted text.

        Args:
            place: Whose rules apply; one that has none follows the default.
            rule: A draft that applies instead.
            at: When, if not now.
        """
        at = at or self.clock()
        rule = rule or self.rules.rule_of(place, at).judge
        return verify(text, self.trust(), at=at, standing=self.standing, rule=rule)

    def check_image(self, data: bytes, *, place: str = DEFAULT_PLACE) -> Verdict:
        """Check the code in an uploaded picture."""
        at = self.clock()
        rule = self.rules.rule_of(place, at).judge
        return verify_image(data, self.trust(), at=at, standing=self.standing, rule=rule)
