"""Every key that the pages use has its words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.citizens.challenge import CodeVerdict
from core.citizens.retrieval import CodeRefusal
from core.messages.language import Catalogues
from core.policy.staff import Role
from core.results.versions import Change
from sms.tickets import TicketRefusal

SMS = Path(__file__).parents[2] / "sms"
ENDINGS: dict[str, list[str]] = {
    "pages.refusal.": list(CodeRefusal),
    "pages.code.": [each for each in CodeVerdict if each is not CodeVerdict.PASSED],
    "pages.proof.": ["wrong", "unreadable", "locked"],
    "pages.ticket.": [f"{each}.{part}" for each in TicketRefusal for part in ("title", "text")],
    "pages.outcome.": ["negative", "positive", "retake", "reported"],
    "pages.staff.role.": list(Role),
    "pages.staff.change.": list(Change),
    "pages.staff.sign_in_": ["refused", "locked"],
}


def written_keys() -> set[str]:
    """Whole keys in code and templates; those that end in a dot or are joined are below."""
    files = [*SMS.rglob("*.html"), *SMS.rglob("*.py")]
    text = "\n".join(path.read_text() for path in files)
    return set(re.findall(r"""["'](pages\.[a-z_.]+[a-z])["']""", text))


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_key_written_in_the_room_has_words(words: Catalogues, language: str) -> None:
    missing = {
        key
        for key in written_keys()
        if not words.has(language, key) and not words.has(language, f"{key}.title")
    }
    assert missing == set()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_value_that_makes_a_key_has_words(words: Catalogues, language: str) -> None:
    for beginning, endings in ENDINGS.items():
        for ending in endings:
            assert words.has(language, beginning + ending), beginning + ending
