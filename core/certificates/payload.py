"""The content of a test certificate, from plain facts.

Source: ehn-dcc-schema 1.3.0, ``DCC.schema.json`` (test entry ``t``) and its value sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from core.certificates.transliteration import MAX_LENGTH, written_names
from core.quick import quick_init
from core.results.catalogue import TestKind

COUNTRY: Final = "VN"
SCHEMA_VERSION: Final = "1.3.0"
SARS_COV_2: Final = "840539006"

_TEST_TYPE = {TestKind.PCR: "LP6464-4", TestKind.ANTIGEN: "LP217198-3"}
_DETECTED = "260373001"
_NOT_DETECTED = "260415000"


@quick_init
@dataclass(frozen=True, slots=True)
class TestFacts:
    """What a test certificate says.

    Args:
        birth_date: ISO 8601, possibly partial or empty.
        test_kind: ``PCR`` or ``ANTIGEN``.
        target: SNOMED CT code of the agent.
        collected_at: Aware time of collection.
        centre: The facility's short name: long ones no longer fit a small screen's QR.
        issuer: Name of the authority, as it stands in the certificate.
        device: Test kit or instrument as sent; digits are a code of the EU's device list.
    """

    family: str
    given: str
    birth_date: str
    test_kind: TestKind
    target: str
    positive: bool
    collected_at: datetime
    centre: str
    issuer: str
    device: str = ""


def test_certificate(facts: TestFacts, uvci: str) -> dict[str, object]:
    """The health certificate (claim −260, key 1) of ``facts``.

    Raises:
        KeyError: the kind of test has no type in the value set.
    """
    return {
        "ver": SCHEMA_VERSION,
        "nam": _names(facts),
        "dob": facts.birth_date,
        "t": [_entry(facts, uvci)],
    }


def _names(facts: TestFacts) -> dict[str, str]:
    family, given = written_names(facts.family, facts.given)
    names = {
        "fn": facts.family[:MAX_LENGTH],
        "fnt": family,
        "gn": facts.given[:MAX_LENGTH],
        "gnt": given,
    }
    return {key: name for key, name in names.items() if name or key == "fnt"}


def _entry(facts: TestFacts, uvci: str) -> dict[str, str]:
    entry = {
        "tg": facts.target,
        "tt": _TEST_TYPE[facts.test_kind],
        "sc": facts.collected_at.astimezone(UTC).isoformat()[:19] + "Z",
        "tr": _DETECTED if facts.positive else _NOT_DETECTED,
        "tc": facts.centre[:MAX_LENGTH],
        "co": COUNTRY,
        "is": facts.issuer[:MAX_LENGTH],
        "ci": uvci,
    }
    return entry | _device(facts)


def _device(facts: TestFacts) -> dict[str, str]:
    """``ma`` takes a code of the EU's list of rapid tests; any other name is ``nm``."""
    if not facts.device:
        return {}
    listed = facts.test_kind is TestKind.ANTIGEN and facts.device.isdecimal()
    return {"ma" if listed else "nm": facts.device[:MAX_LENGTH]}
