"""Slips and cards: what is printed reads back, and what may not be printed isn't."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from core.certificates.issue import as_text
from core.certificates.verdict import Standing
from core.paper.card import ON_A_SHEET
from core.paper.press import Form, Press
from core.paper.sheet import CARD, SMALLEST_QR
from core.policy.printing import PrintRefusal
from core.ports import ShelfItem
from core.results.reported import ReportStatus
from core.results.result import Outcome
from tests.core.paper.reading import Page, pages
from tests.sms.fakes import BINH, BLOOD, DENGUE, HIV, PANEL, TB, World, make_keys

KEYS = make_keys()
LONG = replace(
    BINH,
    family="Nguyễn Phúc",
    given="Công Tằng Tôn Nữ Hoàng Thị Quỳnh Như Ngọc Bảo Lộc Dương Thùy Phương Mai",
)


@pytest.fixture
def world() -> World:
    return World(KEYS)


@pytest.fixture
def press(world: World) -> Press:
    return world.press()


def text_of(item: ShelfItem) -> str:
    assert item.certificate
    return as_text(item.certificate)


def printed(press: Press, *items: ShelfItem, form: Form = Form.SLIP, asked: bool = False) -> bytes:
    made = press.print(items, form, asked=asked)
    assert made.items == items, made.refused
    return made.pdf


def words_of(page: Page) -> str:
    return " ".join(page.text.split())


def test_the_slips_code_is_read_by_two_readers_at_a_scanners_resolution(
    world: World, press: Press, tmp_path: Path
) -> None:
    item = world.release()
    (page,) = pages(printed(press, item))
    ((text, side),) = page.codes()
    assert text == text_of(item)
    assert side >= SMALLEST_QR
    assert page.zbar(tmp_path) == [text_of(item)]


def test_the_slip_is_one_page_of_a4_with_everything_on_it(world: World, press: Press) -> None:
    item = world.release()
    (page,) = pages(printed(press, item))
    assert page.size == pytest.approx((210, 297), abs=0.1)
    words = words_of(page)
    for expected in (
        "Phiếu trả kết quả xét nghiệm", "Laboratory result slip", "Sở Y tế thử nghiệm",
        "Nguyễn Văn Bình", "05/03/1990", "Xét nghiệm SARS-CoV-2 Realtime RT-PCR", "Âm tính",
        "Negative", "07:00 12/07/2026 (giờ Việt Nam)", "Bệnh viện TP Thủ Đức", item.uvci,
        "XN-0001", "7K2M 9QR1", "ketqua.example/verify", "giấy tờ tùy thân", "photo ID",
        "In lúc 12:00 12/07/2026",
    ):  # fmt: skip
        assert str(expected) in words, expected


def test_the_text_layer_has_composed_letters_and_hides_most_of_the_document(
    world: World, press: Press
) -> None:
    decomposed = replace(BINH, given=unicodedata.normalize("NFD", BINH.given))
    (page,) = pages(printed(press, world.release(person=decomposed)))
    assert "Nguyễn Văn Bình" in words_of(page)
    assert "••••1234" in words_of(page)
    assert BINH.documents[0].number not in page.text


@pytest.mark.parametrize("form", [Form.SLIP, Form.CARD])
def test_a_long_name_is_printed_whole(world: World, press: Press, form: Form) -> None:
    (page,) = pages(printed(press, world.release(person=LONG), form=form))
    assert LONG.full_name in words_of(page)


def test_a_letter_that_the_font_lacks_loses_its_mark_or_shows(world: World, press: Press) -> None:
    strange = replace(BINH, given="Ḁnna 王")
    (page,) = pages(printed(press, world.release(person=strange)))
    assert "Nguyễn Anna ?" in words_of(page)


def test_a_card_has_the_size_of_an_identity_card_and_a_code_that_reads(
    world: World, press: Press, tmp_path: Path
) -> None:
    items = (world.release(), world.release(person=LONG, outcome=Outcome.POSITIVE))
    found = pages(printed(press, *items, form=Form.CARD), dpi=300)
    assert len(found) == len(items)
    for page, item in zip(found, items, strict=True):
        assert page.size == pytest.approx(CARD, abs=0.1)
        ((text, side),) = page.codes()
        assert text == text_of(item)
        assert side >= SMALLEST_QR
        assert page.zbar(tmp_path) == [text]
        assert item.short_code[:4] in words_of(page)
        assert "giấy tờ có ảnh" in words_of(page)


def test_a_sheet_has_ten_cards_a_page_and_each_reads(world: World, press: Press) -> None:
    items = tuple(world.release() for _ in range(ON_A_SHEET + 1))
    full, rest = pages(printed(press, *items, form=Form.SHEET), dpi=300)
    assert {text for text, _ in full.codes()} == {text_of(item) for item in items[:ON_A_SHEET]}
    assert all(side >= SMALLEST_QR for _, side in full.codes())
    assert [text for text, _ in rest.codes()] == [text_of(items[-1])]


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": Outcome.POSITIVE, "pooled": True},
        {"outcome": Outcome.INDETERMINATE},
        {"outcome": Outcome.INVALID},
    ],
)
def test_a_new_sample_is_asked_for_without_code_and_without_outcome(
    world: World, press: Press, changes: dict[str, object]
) -> None:
    item = world.release(**changes)  # type: ignore[arg-type]
    (page,) = pages(printed(press, item))
    assert page.codes() == []
    assert "Cần lấy lại mẫu" in words_of(page)
    assert "New sample needed" in words_of(page)
    assert "Dương tính" not in page.text
    made = press.print([item], Form.CARD, asked=True)
    assert [reason for _, reason in made.refused] == [PrintRefusal.NO_CERTIFICATE]


def test_class_b_is_printed_only_when_asked_for_and_with_its_values(
    world: World, press: Press
) -> None:
    item = world.release(test=PANEL, outcome=Outcome.REPORTED, values=BLOOD)
    made = press.print([item], Form.SLIP, asked=False)
    assert (made.pdf, made.refused) == (b"", ((item, PrintRefusal.ONLY_WHEN_ASKED),))
    (page,) = pages(printed(press, item, asked=True))
    for words in ("Glucose", "5.4 mmol/L", "96 U/L H", "< 41"):
        assert words in words_of(page)
    assert press.print([world.release(test=DENGUE)], Form.SLIP, asked=False).pdf == b""


def test_one_wish_prints_one_of_class_b_and_no_more(world: World, press: Press) -> None:
    plain, first, second = world.release(), world.release(test=DENGUE), world.release(test=DENGUE)
    made = press.print([plain, first, second], Form.SLIP, asked=True)
    assert made.items == (plain,)
    assert {reason for _, reason in made.refused} == {PrintRefusal.ASKED_FOR_SEVERAL}
    sensitive = world.release(test=HIV)
    assert press.print([first, first, sensitive], Form.SLIP, asked=True).items == (first, first)


def test_a_long_panel_stays_on_its_page(world: World, press: Press) -> None:
    item = world.release(test=PANEL, outcome=Outcome.REPORTED, values=BLOOD * 10)
    (page,) = pages(printed(press, item, asked=True))
    assert "và 8 chỉ số khác" in words_of(page)
    assert words_of(page).endswith("Printed at 12:00 12/07/2026 (giờ Việt Nam)")


def test_classes_c_and_d_are_never_printed(world: World, press: Press) -> None:
    items = [world.release(test=TB), world.release(test=HIV)]
    for form in Form:
        made = press.print(items, form, asked=True)
        assert made.pdf == b""
        assert {reason for _, reason in made.refused} == {PrintRefusal.NOT_PRINTED}


def test_what_was_replaced_withdrawn_or_is_preliminary_is_not_printed(
    world: World, press: Press
) -> None:
    old = world.release()
    assert old.uvci
    world.standings[old.uvci] = Standing.CORRECTED
    item = world.release()
    withdrawn = replace(item, result=replace(item.result, status=ReportStatus.WITHDRAWN))
    early = replace(item, result=replace(item.result, status=ReportStatus.PRELIMINARY))
    made = press.print([old, withdrawn, early, item], Form.SLIP, asked=True)
    assert [reason for _, reason in made.refused] == [
        PrintRefusal.REPLACED, PrintRefusal.REPLACED, PrintRefusal.NOT_FINAL,
    ]  # fmt: skip
    assert made.items == (item,)
    assert len(pages(made.pdf)) == 1


def test_many_print_at_once(world: World, press: Press) -> None:
    items = [world.release() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda item: printed(press, item), items))
    for item, pdf in zip(items, made, strict=True):
        (page,) = pages(pdf, dpi=150)
        assert page.codes()[0][0] == text_of(item)
        assert "Nguyễn Văn Bình" in words_of(page)


def test_fonts_are_embedded_as_subsets(world: World, press: Press) -> None:
    pdf = printed(press, world.release())
    assert len(pdf) < 100_000
    assert b"/FontFile2" in pdf
