"""The canonical content of a result: what must differ for a report to be a correction.

The status and the time of reporting are left out: a laboratory that sends the same thing
again, later or as "corrected", has changed nothing. Consent to a message counts where it
decides on one: in classes C and D.
"""

from __future__ import annotations

import msgspec

from core.results.catalogue import Confidentiality
from core.results.result import Result

_NEEDS_CONSENT = (Confidentiality.C, Confidentiality.D)
_encode = msgspec.json.Encoder().encode


def canonical(result: Result) -> bytes:
    """The same bytes for the same content, whatever order or time it came in."""
    person = result.person
    return _encode(
        [
            result.test.key,
            result.outcome,
            result.collected_at.isoformat(timespec="seconds"),
            result.pooled,
            result.consent_to_contact and result.test.confidentiality in _NEEDS_CONSENT,
            [person.family, person.given, person.birth_date, person.sex, person.phone],
            sorted((document.type, document.number) for document in person.documents),
            [[v.name, v.value, v.unit, v.reference_range, v.abnormal] for v in result.values],
        ]
    )
