"""Every action that a command records has words for the audit page."""

import re
from pathlib import Path

import pytest

from tests.words import catalogues

CLI = Path(__file__).parents[3] / "bot" / "cli"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_action_of_a_command_has_words(language: str) -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in CLI.glob("*.py"))
    calls = re.findall(r"audit_cli\(([^)]*)", code)
    actions = {action for call in calls for action in re.findall(r'"([a-z_]+)"', call)}
    assert len(actions) >= 7
    said = catalogues()
    assert {a for a in actions if not said.has(language, f"pages.staff.action.{a}")} == set()
