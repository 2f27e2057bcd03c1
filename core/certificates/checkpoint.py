"""A checkpoint: the verifier with this installation's trust, revocations and rules.

The page and the chat check here, so that a positive is never green on either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.certificates.trust import TrustStore
from core.certificates.verify import Listed, Rule, Standing, Verdict, verify, verify_image
from core.policy.rule_desk import RuleDesk
from core.policy.simple_rules import DEFAULT_PLACE
from core.ports import Clock


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Checks what people show.

    Args:
        trust: Gives the certificates trusted now (they change when a key rotates).
        listed: Whether a certificate is revoked by its signer or one of its hashes.
    """

    trust: Callable[[], TrustStore]
    standing: Callable[[str], Standing]
    rules: RuleDesk
    clock: Clock
    listed: Listed | None = None

    def check_text(
        self,
        text: str,
        *,
        place: str | None = DEFAULT_PLACE,
        rule: Rule | None = None,
        at: datetime | None = None,
    ) -> Verdict:
        """Check pasted text.

        Args:
            place: Whose rules apply; one that has none follows the default. None judges the
                document alone, for programs that apply rules of their own.
            rule: A draft that applies instead.
            at: When, if not now.
        """
        at = at or self.clock()
        return verify(
            text,
            self.trust(),
            at=at,
            standing=self.standing,
            listed=self.listed,
            rule=rule or self._rule(place, at),
        )

    def check_image(self, data: bytes, *, place: str | None = DEFAULT_PLACE) -> Verdict:
        """Check the code in an uploaded picture."""
        at = self.clock()
        return verify_image(
            data,
            self.trust(),
            at=at,
            standing=self.standing,
            listed=self.listed,
            rule=self._rule(place, at),
        )

    def _rule(self, place: str | None, at: datetime) -> Rule | None:
        return self.rules.rule_of(place, at).judge if place else None
