"""What can't be kept as it was typed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to mend; its sentence is looked up by ``errors.`` and the code.

    Args:
        field: As drafts call it: ``address``, ``phone``.
        detail: What was wrong about it; never a secret or a person's data.
    """

    field: str
    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Why nothing was changed; every reason at once."""

    found: tuple[Mistake, ...]


def mistaken(field: str, code: str, detail: str = "") -> Mistakes:
    """A single mistake."""
    return Mistakes((Mistake(field, code, detail),))
