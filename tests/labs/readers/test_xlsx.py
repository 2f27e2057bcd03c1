"""Workbooks: typed cells, and what a small file must not do to the process."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.styles import Font
from python_calamine import SheetVisibleEnum

from core.results.reported import Finding, ReadItem, ReportedResult, Unreadable
from labs.readers import xlsx_file
from labs.readers.detect import read
from labs.readers.zip_check import MOST_CELLS, trouble_with
from tests.labs.readers.where import SOAK, ZONE

HEADINGS = (
    "Mã phiếu", "Họ và tên", "Ngày sinh", "Số điện thoại", "Mã xét nghiệm", "Kết quả",
    "Thời gian lấy mẫu", "Thời gian trả kết quả",
)  # fmt: skip
ROW = (
    "P-1", "Nguyễn Văn Bình", "05/03/1990", "0900 000 101", "94500-6", "Âm tính",
    datetime(2026, 3, 4, 8, 30), datetime(2026, 3, 4),  # noqa: DTZ001  (as Excel keeps them)
)  # fmt: skip
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
Change = Callable[[bytes], bytes]


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def filled(*rows: tuple[Any, ...]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    return book


def changed(data: bytes, changes: dict[str, Change], **more: bytes) -> bytes:
    """The workbook with some members changed, and others added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name, bytes)(old.read(name)))
        for name, content in more.items():
            new.writestr(name.replace("_", "."), content)
    return out.getvalue()


def as_excel_writes(data: bytes) -> bytes:
    """The same workbook with its texts in a shared table, where Excel puts them."""
    texts: list[bytes] = []

    def moved(found: re.Match[bytes]) -> bytes:
        texts.append(found[1])
        return b't="s"><v>%d</v></c>' % (len(texts) - 1)

    def sheet(content: bytes) -> bytes:
        return re.sub(rb't="inlineStr"><is><t>(.*?)</t></is></c>', moved, content)

    def listed(content: bytes) -> bytes:
        kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
        line = b'<Relationship Id="rId99" Type="%s" Target="sharedStrings.xml"/>' % kind
        return content.replace(b"</Relationships>", line + b"</Relationships>")

    moved_out = changed(data, {SHEET: sheet, "xl/_rels/workbook.xml.rels": listed})
    table = b"".join(b"<si><t>%s</t></si>" % text for text in texts)
    namespace = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    file = io.BytesIO(moved_out)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(STRINGS, b'<sst xmlns="%s">%s</sst>' % (namespace, table))
    return file.getvalue()


GOOD = saved(filled(HEADINGS, ROW))
SHARED = as_excel_writes(GOOD)


def items(data: bytes, **options: Any) -> list[ReadItem]:
    return list(read(data, zone=ZONE, **options))


def one(data: bytes, **options: Any) -> ReportedResult:
    (item,) = items(data, **options)
    assert isinstance(item.content, ReportedResult), item.content
    return item.content


def refused(data: bytes, **options: Any) -> Finding:
    (item,) = items(data, **options)
    assert isinstance(item.content, Unreadable)
    return item.content.findings[0]


def test_date_cells_are_times_in_the_facilitys_zone() -> None:
    found = one(GOOD)
    assert found.collected_at == datetime(2026, 3, 4, 1, 30, tzinfo=UTC)
    assert found.reported_at == datetime(2026, 3, 3, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize("cell", [46085.35, 46085, time(8, 30), timedelta(hours=30), True])
def test_a_cell_that_is_no_date_is_none(cell: object) -> None:
    row = (*ROW[:6], cell, ROW[7])
    assert refused(saved(filled(HEADINGS, row))).code == "unreadable_date"


def test_whole_numbers_lose_their_point_and_long_ones_are_lost() -> None:
    assert one(saved(filled(HEADINGS, (20260001.0, *ROW[1:])))).accession == "20260001"
    finding = refused(saved(filled(HEADINGS, (12345678901234567890, *ROW[1:]))))
    assert finding == Finding("number_in_scientific_notation", "Mã phiếu")


def test_rows_have_the_numbers_that_excel_shows() -> None:
    book = filled(*[()] * 3)
    sheet = book.active
    assert sheet is not None
    rows: tuple[tuple[int, tuple[Any, ...]], ...] = ((4, HEADINGS), (5, ROW), (9, ROW))
    for at, values in rows:
        for column, value in enumerate(values, start=3):
            sheet.cell(at, column, value)
    assert [item.row for item in items(saved(book))] == [5, 9]


def test_a_row_reads_again_alone_also_when_the_format_was_named() -> None:
    (item,) = items(GOOD, format="xlsx")
    for wanted in ("auto", "csv", "xlsx"):
        (again,) = items(item.raw, format=wanted)
        assert again.content == item.content


def test_charts_and_sheets_of_other_things_are_passed_over() -> None:
    book = filled(("Ghi chú",))
    book.create_chartsheet("Biểu đồ", 0)
    sheet = book.create_sheet("Kết quả")
    sheet.append(HEADINGS)
    sheet.append(ROW)
    assert one(saved(book)).accession == "P-1"


def test_hidden_sheets_are_passed_over() -> None:
    book = filled(HEADINGS, ("P-OLD", *ROW[1:]))
    assert book.active is not None
    book.active.sheet_state = "hidden"
    sheet = book.create_sheet("Kết quả")
    sheet.append(HEADINGS)
    sheet.append(ROW)
    assert one(saved(book)).accession == "P-1"


def test_two_cells_in_opposite_corners_are_not_laid_out() -> None:
    book = filled(HEADINGS, ROW)
    assert book.active is not None
    book.active["XFD1048576"] = 1
    data = saved(book)
    assert len(data) < 10_000
    assert refused(data) == Finding("too_large", "", f"{16384 * 1048576} cells")


def test_a_corner_that_is_only_coloured_costs_nothing() -> None:
    book = filled(HEADINGS, ROW)
    assert book.active is not None
    book.active["XFD1048576"].font = Font(bold=True)
    assert one(saved(book)).accession == "P-1"


def unplaced(sheet: bytes) -> bytes:
    return re.sub(rb' r="[A-Z]*\d+"', b"", sheet)


def test_cells_without_their_places_follow_each_other() -> None:
    assert one(changed(GOOD, {SHEET: unplaced})).accession == "P-1"


def test_cells_without_their_places_are_counted_too() -> None:
    cells = b"<row>" + b"<c><v>1</v></c>" * 16_000 + b"</row>"
    rows = cells + b"<row><c><v>1</v></c></row>" * (MOST_CELLS // 16_000)

    def many(sheet: bytes) -> bytes:
        return sheet.replace(b"</sheetData>", rows + b"</sheetData>")

    assert refused(changed(GOOD, {SHEET: many})).code == "too_large"


@pytest.mark.parametrize(
    "place", [b"A99999999992", b"A0", b"A", b"2", b"", b"AAAA2", b"A1"], ids=bytes.decode
)
def test_a_place_that_excel_would_not_write_is_not_opened(place: bytes) -> None:
    """The library takes a row of eleven digits for another one, and lays out what lies between."""

    def moved(sheet: bytes) -> bytes:
        assert b'r="D2"' in sheet
        return sheet.replace(b'r="D2"', b'r="%s"' % place)

    opened = items(changed(GOOD, {SHEET: moved}))
    assert opened[0].content == Unreadable((Finding("unreadable_table"),))


def test_a_row_number_that_excel_would_not_write_is_not_opened() -> None:
    def moved(sheet: bytes) -> bytes:
        return sheet.replace(b'<row r="2"', b'<row r="99999999992"')

    assert refused(changed(GOOD, {SHEET: moved})) == Finding("unreadable_table")


def with_doctype(sheet: bytes) -> bytes:
    return sheet.replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet', 1)


def unbalanced(sheet: bytes) -> bytes:
    return sheet.replace(b"</row>", b"</rwo>", 1)


def cut(sheet: bytes) -> bytes:
    return sheet[: len(sheet) // 2]


@pytest.mark.parametrize("damage", [with_doctype, unbalanced, cut])
def test_a_sheet_that_is_no_plain_xml_is_not_opened(damage: Change) -> None:
    assert refused(changed(GOOD, {SHEET: damage})) == Finding("unreadable_table")


def test_a_sheet_under_a_pictures_name_is_looked_at() -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old:
        sheet = old.read(SHEET)
    assert refused(changed(GOOD, {}, a_png=b"junk" + sheet)) == Finding("unreadable_table")
    assert one(changed(GOOD, {}, a_png=b"\x89PNG\r\n\x1a\n" + bytes(range(256)))).accession == "P-1"


def test_texts_are_read_from_the_shared_table_that_excel_writes() -> None:
    assert one(SHARED) == one(GOOD)


def shared_by(cells: int, length: int) -> bytes:
    """A workbook whose first text is long and stands in every cell."""
    book = as_excel_writes(saved(filled(*[("x",) * 100] * (cells // 100))))

    def first(sheet: bytes) -> bytes:
        return re.sub(rb"<v>[0-9]+</v>", b"<v>0</v>", sheet)

    def long(table: bytes) -> bytes:
        return table.replace(b"<t>x</t>", b"<r><t>%s</t></r>" % (b"A" * (length // 2)) * 2, 1)

    return changed(book, {SHEET: first, STRINGS: long})


def test_a_long_text_in_many_cells_is_not_copied_into_each() -> None:
    data = shared_by(3000, 5_000_000)
    assert len(data) < 100_000
    finding = refused(data)
    assert finding.code == "too_large"
    assert finding.detail.endswith("* 3000 cells")


def test_broken_shared_texts_are_not_opened() -> None:
    broken = changed(SHARED, {STRINGS: lambda table: table.replace(b"</t>", b"</r>", 1)})
    assert refused(broken) == Finding("unreadable_table")


def test_a_long_text_in_one_cell_is_read() -> None:
    long = changed(
        SHARED, {STRINGS: lambda table: table.replace("Âm tính".encode(), b"A" * 30_000)}
    )
    assert one(long).members[0].value == "A" * 30_000


def test_too_many_members_are_refused_before_they_are_listed() -> None:
    more = {f"m{n}": b"" for n in range(1001)}
    assert refused(changed(GOOD, {}, **more)) == Finding("too_large", "", "> 1000 members")


def test_what_lies_about_its_size_is_measured() -> None:
    lying = changed(GOOD, {}, x_xml=b"<a>" + b" " * 3_000_000 + b"</a>")
    assert trouble_with(lying, 1_000_000) == Finding("too_large", "", "> 1000000")
    assert trouble_with(lying, 10_000_000) is None


def encrypted(data: bytes) -> bytes:
    """Set the flag of encryption in every header, as a zip with a password has it."""
    flagged = re.sub(rb"(?<=PK\x03\x04..)..", b"\x01\x00", data, flags=re.DOTALL)
    return re.sub(rb"(?<=PK\x01\x02....)..", b"\x01\x00", flagged, flags=re.DOTALL)


def zipped(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, b"<x/>")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (encrypted(GOOD), "encrypted zip"),
        (zipped("content.xml"), "ods"),
        (zipped("xl/workbook.bin"), "xlsb"),
        (zipped("letter.txt"), "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    ],
)
@pytest.mark.parametrize("wanted", ["auto", "xlsx"])
def test_other_workbooks_are_told_what_they_are(data: bytes, detail: str, wanted: str) -> None:
    assert refused(data, format=wanted) == Finding("unsupported_format", "", detail)


def test_a_panic_of_the_library_is_one_unreadable_item(monkeypatch: pytest.MonkeyPatch) -> None:
    class Panic(BaseException):
        pass

    class Sheet:
        def iter_rows(self) -> Any:
            yield HEADINGS
            raise Panic

    class Book:
        sheets_metadata = (SimpleNamespace(name="x", visible=SheetVisibleEnum.Visible),)

        def get_sheet_by_name(self, _: str) -> Sheet:
            return Sheet()

    monkeypatch.setattr(xlsx_file, "_opened", lambda _: Book())
    assert refused(GOOD) == Finding("unreadable_table")


@settings(max_examples=5_000 if SOAK else 150, deadline=None)
@given(st.sampled_from([SHEET, STRINGS, "xl/workbook.xml", "xl/styles.xml"]), st.data())
def test_no_damage_inside_a_workbook_raises(member: str, data: st.DataObject) -> None:
    def damage(content: bytes) -> bytes:
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 30)))
        noise = data.draw(
            st.binary(max_size=8) | st.sampled_from([b"<c>", b"9999999999", b'"', b"-1"])
        )
        return content[:start] + noise + content[end:]

    assert items(changed(SHARED, {member: damage}))
