from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from core.citizens.birth import ProofKind
from core.citizens.challenge import CodeVerdict
from core.citizens.proof import ProofVerdict
from core.citizens.retrieval import CodeRefusal
from core.feeds.linking import LinkRefusal
from core.messages.language import Catalogues
from core.results.result import Outcome
from tests.words import catalogues

CODE = Path(__file__).parents[3] / "bot/conversations"
PLURAL = {"chat.code_refusal.wait", "chat.code_verdict.wrong", "chat.result.on_the_web"}
MADE_UP = {
    *(f"chat.code_refusal.{each}" for each in CodeRefusal),
    *(f"chat.code_verdict.{each}" for each in CodeVerdict if each is not CodeVerdict.PASSED),
    *(f"chat.proof_verdict.{each}" for each in ProofVerdict if each is not ProofVerdict.PASSED),
    *(f"chat.proof.{each}" for each in ProofKind),
    *(f"chat.outcome.{each}" for each in [*Outcome, "new_sample"]),
    *(f"chat.word.{each}" for each in ("menu", "cancel", "help", "language", "information")),
    "chat.word.verify",
    "chat.word.officer",
    "chat.word.officer_off",
    *(f"chat.officer_refusal.{each}" for each in LinkRefusal),
    "chat.result.corrected",
    "chat.result.revoked",
    "chat.verdict.yes",
    "chat.verdict.no",
}


def written() -> set[str]:
    """Keys that stand whole in the code."""
    code = "".join(path.read_text(encoding="utf-8") for path in CODE.glob("*.py"))
    return set(re.findall(r'"(chat\.[a-z_.]*[a-z])"', code)) | MADE_UP


def messages(language: str) -> dict[str, list[str]]:
    folder = Path(__file__).parents[3] / "core/messages/catalogues"
    with (folder / f"{language}.po").open("rb") as file:
        catalogue = read_po(file)
    return {
        (each.id if isinstance(each.id, str) else each.id[0]): (
            [each.string] if isinstance(each.string, str) else list(each.string or ())
        )
        for each in catalogue
        if each.id
    }


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_key_has_a_text(language: str) -> None:
    known = messages(language)
    assert [key for key in sorted(written()) if not all(known.get(key, [""]))] == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_text_of_the_chat_is_without_a_use(language: str) -> None:
    mine = {key for key in messages(language) if key.startswith("chat.")}
    assert mine - written() == set()


def test_both_languages_have_the_same_placeholders() -> None:
    vietnamese, english = messages("vi"), messages("en")
    for key in (key for key in vietnamese if key.startswith("chat.")):
        both = [
            {field for text in texts for field in re.findall(r"{(\w+)}", text)}
            for texts in (vietnamese[key], english[key])
        ]
        assert both[0] == both[1], key


def test_english_has_a_singular_where_something_is_counted() -> None:
    texts: Catalogues = catalogues()
    assert {key for key, forms in messages("en").items() if len(forms) > 1} >= PLURAL
    assert "1 try left" in texts.say_n("en", "chat.code_verdict.wrong", 1)
    assert "2 tries left" in texts.say_n("en", "chat.code_verdict.wrong", 2)
