"""Which sentence belongs to which refusal."""

from __future__ import annotations

from math import ceil

from core.citizens.challenge import CodeVerdict
from core.citizens.proof import ProofVerdict
from core.citizens.retrieval import CodeAnswer, CodeRefusal, CodeRequest
from sms.page import say, say_n


def refusal_words(asked: CodeRequest) -> str | None:
    """Why no code was sent; None if one was."""
    if asked.refusal is CodeRefusal.WAIT:
        return say_n("pages.refusal.wait", max(1, ceil(asked.wait.total_seconds())))
    return say(f"pages.refusal.{asked.refusal}") if asked.refusal else None


def code_words(answer: CodeAnswer) -> str:
    """Why a code was not taken. A fifth wrong code says that it was the last."""
    if answer.verdict is CodeVerdict.WRONG and answer.attempts_left:
        return say_n("pages.code.wrong", answer.attempts_left)
    verdict = CodeVerdict.LOCKED if answer.verdict is CodeVerdict.WRONG else answer.verdict
    return say(f"pages.code.{verdict}")


def proof_words(verdict: ProofVerdict) -> str:
    """Why a proof was not taken."""
    return say(f"pages.proof.{verdict}")
