"""Every action that a command, a desk or a page records has words for the audit page."""

import re
from pathlib import Path

import pytest

from tests.words import catalogues

ROOT = Path(__file__).parents[3]
PLACES = ("bot/cli", "core/onboarding", "sms/staff")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_action_that_is_recorded_has_words(language: str) -> None:
    files = (path for place in PLACES for path in (ROOT / place).rglob("*.py"))
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    calls = re.findall(r"(?:audit_cli|\bnote)\(((?:[^()]|\([^()]*\))*)", code)
    actions = {action for call in calls for action in re.findall(r'"([a-z_]+)"', call)}
    actions -= {"anonymous", "unknown"}  # who was it
    assert {"facility_pilot", "code_unmapped", "feed_tested", "uploaded"} <= actions
    said = catalogues()
    assert {a for a in actions if not said.has(language, f"pages.staff.action.{a}")} == set()
