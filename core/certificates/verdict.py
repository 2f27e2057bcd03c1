"""The answer of a check: one verdict word, why, and what may be shown.

Personal data appears only where a trusted signature vouches for it and the certificate has
not been withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.certificates.claims import Claims, rfc3339
from core.certificates.decode import Step


class VerdictWord(StrEnum):
    """Verdicts, in the order in which the checks are made."""

    MALFORMED = "malformed"
    UNKNOWN_ISSUER = "unknown_issuer"
    BAD_SIGNATURE = "bad_signature"
    WRONG_KEY_USAGE = "wrong_key_usage"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    CORRECTED = "corrected"
    RULE_NOT_MET = "rule_not_met"
    VALID = "valid"


class Standing(StrEnum):
    """What the issuer says of a certificate by its UVCI."""

    GOOD = "good"
    REVOKED = "revoked"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What a place's rule says.

    Args:
        reason: Code word; empty when it passed.
        valid_until: Aware UTC; when the rule stops passing, None if it never passes.
    """

    passed: bool
    reason: str = ""
    valid_until: datetime | None = None


def words_of_reason(reason: str) -> tuple[str, dict[str, str]]:
    """The message key of a reason and what it is filled with; a place's own rule has a name."""
    if reason.startswith("rule:"):
        return "verdicts.reason.rule", {"id": reason.removeprefix("rule:")}
    return f"verdicts.reason.{reason}", {}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of a check.

    Args:
        step: Only of ``malformed``.
        reason: Code word; empty for ``valid``.
        claims: Only where the signature vouches for them and nothing withdrew them.
        kid: Hexadecimal; empty when the certificate names none.
        expires_at: Aware UTC; only after the signature was verified.
    """

    verdict: VerdictWord
    reason: str = ""
    step: Step | None = None
    claims: Claims | None = None
    kid: str = ""
    expires_at: datetime | None = None
    rule_valid_until: datetime | None = None

    @property
    def is_valid(self) -> bool:
        """Whether the answer is yes."""
        return self.verdict is VerdictWord.VALID

    def to_json(self) -> dict[str, object]:
        """The document that ``ketqua verify --json`` prints; absent members are left out."""
        document: dict[str, object] = {
            "verdict": self.verdict.value,
            "step": self.step.value if self.step else "",
            "reason": self.reason,
            "claims": self.claims.to_json() if self.claims else {},
            "kid": self.kid,
            "expires_at": rfc3339(self.expires_at),
            "rule_valid_until": rfc3339(self.rule_valid_until),
        }
        return {key: value for key, value in document.items() if value or key == "reason"}
