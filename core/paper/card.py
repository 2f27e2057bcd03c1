"""The card: a result in the size of an identity card, alone on its page or many on A4.

The code takes the left half; it is as large as the card allows, its white margin included.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from core.certificates.picture import ECC_PAPER, modules
from core.paper.contents import PaperResult, Place
from core.paper.sheet import A4, CARD, DRAWING, FAINT, QUIET, SMALLEST_QR, SOFT, Fonts, Sheets

_COLUMNS, _ROWS = 2, 5
ON_A_SHEET: Final = _COLUMNS * _ROWS
_GAP: Final = 2.0  # between cards, for scissors
_QR_ROOM: Final = 46.0  # the code and its white margin
_MARGIN: Final = 2.5


def draw_cards(
    results: Sequence[PaperResult], place: Place, fonts: Fonts, *, printed_at: datetime
) -> bytes:
    """Draw each of ``results`` on a page of a card's size: the PDF."""
    with DRAWING:
        sheets = Sheets(fonts, CARD, place.say("paper.card.title").vi, "vi")
        for result in results:
            _card(sheets, place, result, (0, 0), printed_at)
            sheets.turn()
        return sheets.finish()


def draw_card_sheet(
    results: Sequence[PaperResult], place: Place, fonts: Fonts, *, printed_at: datetime
) -> bytes:
    """Draw ``results`` as cards on A4, ``ON_A_SHEET`` a page, with lines to cut along: the PDF."""
    with DRAWING:
        sheets = Sheets(fonts, A4, place.say("paper.card.title").vi, "vi")
        for number, result in enumerate(results):
            if number and number % ON_A_SHEET == 0:
                sheets.turn()
            corner = _corner(number % ON_A_SHEET)
            sheets.box(*corner, *CARD, grey=FAINT, thick=0.4)
            _card(sheets, place, result, corner, printed_at)
        sheets.turn()
        return sheets.finish()


def _corner(number: int) -> tuple[float, float]:
    """Where the card of this number begins on its sheet."""
    row, column = divmod(number, _COLUMNS)
    left = (A4[0] - _COLUMNS * CARD[0] - (_COLUMNS - 1) * _GAP) / 2
    top = (A4[1] - _ROWS * CARD[1] - (_ROWS - 1) * _GAP) / 2
    return left + column * (CARD[0] + _GAP), top + row * (CARD[1] + _GAP)


def _card(
    sheets: Sheets,
    place: Place,
    result: PaperResult,
    corner: tuple[float, float],
    printed_at: datetime,
) -> None:
    side = qr_side(result.qr)
    inset = (_QR_ROOM - side) / 2
    sheets.qr(corner[0] + inset, corner[1] + (CARD[1] - side) / 2, side, result.qr)
    _words(sheets, place, result, (corner[0] + _QR_ROOM, corner[1]), printed_at)


def qr_side(text: str) -> float:
    """Side of the code in mm, with room for its margin; never below ``SMALLEST_QR``."""
    count = len(modules(text, ecc=ECC_PAPER))
    return max(SMALLEST_QR, _QR_ROOM * count / (count + 2 * QUIET))


def _words(
    sheets: Sheets,
    place: Place,
    result: PaperResult,
    corner: tuple[float, float],
    printed_at: datetime,
) -> None:
    x, y = corner[0], corner[1] + 5
    width = CARD[0] - _QR_ROOM - _MARGIN
    outcome, photo_id = place.say(f"paper.outcome.{result.outcome}"), place.say("paper.photo_id")
    y = sheets.lines(x, y, place.issuer, 5, width=width, grey=SOFT, most=1) + 1.2
    y = sheets.whole(x, y, result.name, (8.5, 7.5, 6.5, 5.5, 4.5), width=width, most=2) + 0.6
    y = sheets.lines(x, y, f"{result.birth_date}  {result.document}", 6, width=width, most=1) + 1
    y = sheets.lines(x, y, result.test.vi, 5.5, width=width, most=2)
    y = sheets.lines(x, y, result.test.en, 4.8, width=width, grey=SOFT, most=2) + 2.4
    y = sheets.lines(x, y, outcome.vi, 11, width=width, strong=True, most=1) - 1.6
    y = sheets.lines(x, y, outcome.en, 6, width=width, most=1) + 0.8
    y = sheets.lines(x, y, place.when(result.collected_at), 5.2, width=width, most=2)
    y = sheets.lines(x, y, result.facility, 5.2, width=width, grey=SOFT, most=1) + 2
    sheets.text(x, y, result.short_code, 10, strong=True, spaced=0.6)
    y = corner[1] + CARD[1] - 5.6
    y = sheets.lines(x, y, photo_id.vi, 4.8, width=width, strong=True, most=1)
    printed = place.when(printed_at).split(" (")[0]
    sheets.lines(x, y, f"{photo_id.en} · {printed}", 4.4, width=width, grey=SOFT, most=1)
