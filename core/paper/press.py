"""The press: results in, one PDF out, and for each that may not be printed the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.paper.card import draw_card_sheet, draw_cards
from core.paper.contents import Place, paper_result
from core.paper.sheet import Fonts
from core.paper.slip import draw_slips
from core.policy.printing import PrintRefusal, print_refusal, printable
from core.ports import Clock, ShelfItem


class Form(StrEnum):
    """What is printed."""

    SLIP = "slip"
    CARD = "card"
    SHEET = "sheet"


_DRAW = {Form.SLIP: draw_slips, Form.CARD: draw_cards, Form.SHEET: draw_card_sheet}


@dataclass(frozen=True, slots=True)
class Printed:
    """What came of it.

    Args:
        pdf: Empty if nothing may be printed.
    """

    pdf: bytes
    items: tuple[ShelfItem, ...]
    refused: tuple[tuple[ShelfItem, PrintRefusal], ...]


@dataclass(frozen=True, slots=True)
class Press:
    """Prints results.

    Args:
        fonts: Gives the font files; asked for each document.
        standing: ``good`` for a version that counts, whether it has a certificate or not.
    """

    place: Place
    fonts: Callable[[], Fonts]
    standing: Callable[[ShelfItem], str]
    clock: Clock

    def print(self, items: Sequence[ShelfItem], form: Form, *, asked: bool) -> Printed:
        """Print what may be printed of ``items``.

        Args:
            asked: Their holder asked for it; of class B only where it is the only one.
        """
        alone = len(printable(items)) == 1
        judged = [(item, self._refusal(item, form, asked=asked, alone=alone)) for item in items]
        good = tuple(item for item, refusal in judged if refusal is None)
        refused = tuple((item, refusal) for item, refusal in judged if refusal is not None)
        return Printed(self._draw(good, form) if good else b"", good, refused)

    def _refusal(
        self, item: ShelfItem, form: Form, *, asked: bool, alone: bool
    ) -> PrintRefusal | None:
        card, standing = form is not Form.SLIP, self.standing(item)
        return print_refusal(item, standing=standing, asked=asked, alone=alone, card=card)

    def _draw(self, items: Sequence[ShelfItem], form: Form) -> bytes:
        results = [paper_result(item) for item in items]
        return _DRAW[form](results, self.place, self.fonts(), printed_at=self.clock())
