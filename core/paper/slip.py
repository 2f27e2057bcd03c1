"""The slip: one result on one A4 page, to be shown, checked and kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from core.paper.contents import Both, PaperResult, Place
from core.paper.sheet import A4, DRAWING, FAINT, SMALLEST_QR, SOFT, Fonts, Sheets
from core.results.result import Value

_LEFT: Final = 18.0
_RIGHT: Final = A4[0] - _LEFT
_QR_SIDE: Final = 58.0  # about 0.6 mm a module: a photocopy still reads
_QR_LEFT: Final = _RIGHT - _QR_SIDE
_TEXT_WIDTH: Final = _QR_LEFT - _LEFT - 10
_MOST_VALUES: Final = 12
_CHECKS: Final = ("scan", "code", "photo_id", "standing")

assert _QR_SIDE >= SMALLEST_QR  # noqa: S101  (what paper promises)


def draw_slips(
    results: Sequence[PaperResult], place: Place, fonts: Fonts, *, printed_at: datetime
) -> bytes:
    """Draw each of ``results`` on a page of its own: the PDF."""
    with DRAWING:
        title = place.say("paper.slip.title").vi
        sheets = Sheets(fonts, A4, title, "vi")
        for result in results:
            _Page(sheets, place).draw(result, printed_at)
            sheets.turn()
        return sheets.finish()


class _Page:
    """One page of the slip, from its top to its bottom."""

    def __init__(self, sheets: Sheets, place: Place) -> None:
        self._sheets = sheets
        self._place = place
        self._y = 22.0

    def draw(self, result: PaperResult, printed_at: datetime) -> None:
        """Draw everything."""
        self._head()
        below_qr = self._code(result)
        self._person(result)
        self._outcome(result)
        self._facts(result)
        self._y = max(self._y, below_qr)
        self._values(result.values)
        self._checks(result)
        self._foot(printed_at)

    def _head(self) -> None:
        sheets, title = self._sheets, self._place.say("paper.slip.title")
        sheets.text(_LEFT, self._y, self._place.issuer, 11, strong=True)
        sheets.rule(_LEFT, self._y + 3, _RIGHT - _LEFT)
        sheets.text(_LEFT, self._y + 14, title.vi, 19, strong=True)
        sheets.text(_LEFT, self._y + 20, title.en, 11, grey=SOFT)
        self._y += 30

    def _code(self, result: PaperResult) -> float:
        """The QR code at the right, with the short code below it; returns where it ends."""
        sheets, top = self._sheets, self._y
        if result.qr:
            top -= 2.5
            sheets.qr(_QR_LEFT, top, _QR_SIDE, result.qr)
            top += _QR_SIDE + 7
        label = self._place.say("paper.short_code")
        sheets.text(_QR_LEFT, top, f"{label.vi} / {label.en}", 8.5, grey=SOFT)
        sheets.text(_QR_LEFT, top + 8, result.short_code, 20, strong=True, spaced=1.5)
        return top + 16

    def _person(self, result: PaperResult) -> None:
        self._label("paper.name")
        self._y = self._sheets.whole(
            _LEFT, self._y + 6.6, result.name, (15, 12, 9), width=_TEXT_WIDTH, most=2
        )
        self._y += 2.4
        self._field("paper.birth_date", result.birth_date)
        self._field("paper.document", result.document)

    def _outcome(self, result: PaperResult) -> None:
        sheets, words = self._sheets, self._place.say(f"paper.outcome.{result.outcome}")
        self._field("paper.test", result.test.vi, below=result.test.en)
        sheets.box(_LEFT, self._y - 3, _TEXT_WIDTH, 18, thick=1.8)
        sheets.lines(
            _LEFT + 4, self._y + 5, words.vi, 17, width=_TEXT_WIDTH - 8, strong=True, most=1
        )
        sheets.text(_LEFT + 4, self._y + 11, words.en, 10)
        self._y += 22

    def _facts(self, result: PaperResult) -> None:
        if result.outcome == "retake":
            self._paragraph(self._place.say("paper.retake"))
        self._field("paper.collected_at", self._place.when(result.collected_at))
        self._field("paper.reported_at", self._place.when(result.reported_at))
        self._field("paper.facility", result.facility, below=result.contact)
        self._field("paper.accession", result.accession)
        self._field("paper.uvci", result.uvci, size=9)

    def _field(self, key: str, value: str, *, size: float = 11, below: str = "") -> None:
        """A label in both languages and a value below it; nothing where there is no value."""
        if not value:
            return
        self._label(key)
        sheets = self._sheets
        self._y = sheets.lines(
            _LEFT, self._y + 1.2 + size * 0.36, value, size, width=_TEXT_WIDTH, strong=True, most=3
        )
        if below:
            self._y = sheets.lines(_LEFT, self._y, below, 9, width=_TEXT_WIDTH, grey=SOFT, most=2)
        self._y += 2.4

    def _label(self, key: str) -> None:
        label = self._place.say(key)
        self._sheets.text(_LEFT, self._y, f"{label.vi} / {label.en}", 8.5, grey=SOFT)

    def _paragraph(self, words: Both) -> None:
        width = _TEXT_WIDTH
        self._y = self._sheets.lines(_LEFT, self._y + 1, words.vi, 10.5, width=width, strong=True)
        self._y = self._sheets.lines(_LEFT, self._y, words.en, 9, width=width, grey=SOFT) + 3

    def _values(self, values: tuple[Value, ...]) -> None:
        """The lines of a panel; what doesn't fit is on the page of the result."""
        if not values:
            return
        sheets = self._sheets
        for value in values[:_MOST_VALUES]:
            sheets.rule(_LEFT, self._y + 1.5, _RIGHT - _LEFT)
            sheets.lines(_LEFT, self._y, value.name, 9.5, width=85, most=1)
            flag = f"  {value.abnormal}" if value.abnormal not in ("", "N") else ""
            shown = f"{value.value} {value.unit}{flag}"
            sheets.lines(_LEFT + 90, self._y, shown, 9.5, width=40, strong=True, most=1)
            sheets.lines(_LEFT + 133, self._y, value.reference_range, 9.5, width=40, most=1)
            self._y += 6
        if len(values) > _MOST_VALUES:
            more = self._place.say("paper.more_values", n=len(values) - _MOST_VALUES)
            sheets.text(_LEFT, self._y, f"{more.vi} / {more.en}", 9, grey=SOFT)
            self._y += 6
        self._y += 2

    def _checks(self, result: PaperResult) -> None:
        """How somebody who is shown the slip checks it."""
        sheets, width = self._sheets, _RIGHT - _LEFT - 8
        if not result.qr:
            return
        self._y = max(self._y, 206)
        title = self._place.say("paper.check.title")
        sheets.rule(_LEFT, self._y - 5, _RIGHT - _LEFT, grey=FAINT)
        sheets.text(_LEFT, self._y + 1, f"{title.vi} / {title.en}", 11, strong=True)
        self._y += 8
        for number, check in enumerate(_CHECKS, 1):
            words = self._place.say(f"paper.check.{check}", address=self._place.verify_url)
            sheets.text(_LEFT, self._y, f"{number}.", 10, strong=True)
            self._y = sheets.lines(_LEFT + 6, self._y, words.vi, 10, width=width)
            self._y = sheets.lines(_LEFT + 6, self._y, words.en, 8.5, width=width, grey=SOFT) + 1.4

    def _foot(self, printed_at: datetime) -> None:
        printed = self._place.say("paper.printed_at", time=self._place.when(printed_at))
        self._sheets.rule(_LEFT, 282, _RIGHT - _LEFT)
        self._sheets.text(_LEFT, 287, f"{printed.vi} / {printed.en}", 8, grey=SOFT)
