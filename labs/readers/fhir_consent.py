"""Whether a patient agreed to a neutral message, by the Consents that came with the report.

Rules: it is active, in force on the day of the report, and about privacy or nothing that FHIR
has a word for: consent to a treatment, to research, or about the end of life is no consent to
a message. One denial outweighs any number of permissions.

Source: FHIR R4, Consent (status, scope, provision.type, provision.period).
"""

from __future__ import annotations

from collections.abc import Sequence

from labs.readers import fhir_model as fhir

_OTHER_MATTERS = frozenset({"adr", "research", "treatment"})


def agreed(consents: Sequence[fhir.Consent], day: str) -> bool:
    """Whether these Consents of one patient, taken together, permit.

    Args:
        day: Of the report, ``YYYY-MM-DD`` where it was made; empty: not known.
    """
    counting = [each for each in consents if _counts(each, day)]
    return bool(counting) and not any(_denies(each) for each in counting)


def _counts(consent: fhir.Consent, day: str) -> bool:
    codes = consent.scope.coding if consent.scope else None
    elsewhere = any(coding.code in _OTHER_MATTERS for coding in codes or ())
    return consent.status == "active" and not elsewhere and _is_in_force(consent, day)


def _denies(consent: fhir.Consent) -> bool:
    return consent.provision is not None and consent.provision.type == "deny"


def _is_in_force(consent: fhir.Consent, day: str) -> bool:
    """Days compare as text, also where only the year or the month was recorded."""
    period = consent.provision.period if consent.provision else None
    if period is None or not day:
        return True
    start, end = (period.start or "")[: len(day)], (period.end or "")[: len(day)]
    return start <= day and (not end or day[: len(end)] <= end)
