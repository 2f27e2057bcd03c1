"""Sentences for findings: what is wrong, and how to fix it."""

from __future__ import annotations

from core.messages.language import Catalogues
from core.results.reported import Finding


def explain(catalogues: Catalogues, language: str, finding: Finding) -> tuple[str, str]:
    """The message and the hint; what a stranger wrote can't steer a terminal in them."""
    data = {"field": printable(finding.field), "detail": printable(finding.detail)}
    key = f"findings.{finding.code}"
    return (
        catalogues.say(language, f"{key}.message", **data),
        catalogues.say(language, f"{key}.hint", **data),
    )


def printable(text: str) -> str:
    """What a stranger wrote, without characters that steer a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
