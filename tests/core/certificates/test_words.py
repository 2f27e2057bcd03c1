"""Every verdict, step and reason has words in Vietnamese and in English."""

from __future__ import annotations

import re

import pytest

from core.certificates.claims import Kind, TestOutcome, TestType
from core.certificates.decode import Step
from core.certificates.verdict import VerdictWord
from core.policy.simple_rules import default_rule_set
from tests.services import REPOSITORY
from tests.words import catalogues

CODE: tuple[str, ...] = ("certificates/decode.py", "certificates/cbor.py", "certificates/scan.py")
CODE += ("certificates/claims.py", "certificates/verify.py", "policy/rule_sets.py")
REASON = re.compile(
    r'(?:_Broken|Malformed)\(Step\.\w+, "(\w+)"\)|reason="(\w+)"|message = "(\w+)"'
    r'|Verdict\(VerdictWord\.\w+, "(\w+)"|VerdictWord\.\w+, "(\w+)"$|return "(\w+)"',
    re.MULTILINE,
)


def reasons() -> set[str]:
    """Every reason that the code writes down."""
    sources = ((REPOSITORY / "core" / name).read_text("utf-8") for name in CODE)
    found = {word for source in sources for group in REASON.findall(source) for word in group}
    made = {f"not_for_{kind}" for kind in Kind} | {"revoked_by_issuer", "corrected_by_issuer"}
    ruled = {rule.reason for rule in default_rule_set().rules}
    return found - {""} | made | ruled | {"no_rule_applies", "unsupported_algorithm"}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_nothing_that_a_check_can_answer_is_without_words(language: str) -> None:
    said = catalogues()
    keys = {f"reason.{reason}" for reason in reasons()}
    for group, words in {
        "word": VerdictWord,
        "sentence": VerdictWord,
        "step": Step,
        "kind": Kind,
        "outcome": TestOutcome,
        "test_type": TestType,
    }.items():
        keys |= {f"{group}.{word}" for word in words}
    assert len(keys) >= 70
    assert not {key for key in keys if not said.has(language, f"verdicts.{key}")}
