"""Tables of laboratories: rows by the numbers people see, nothing repaired in silence."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.results.facility import DateOrder
from core.results.reported import Coding, DocumentType, ReadItem, ReportedResult, ReportStatus
from labs.readers.columns import fact_of
from labs.readers.detect import read
from tests.labs.readers.where import REPOSITORY, ZONE

HEADINGS = (
    "Mã phiếu", "Họ và tên", "Ngày sinh", "Giới tính", "Số điện thoại", "CCCD",
    "Mã xét nghiệm", "Tên xét nghiệm", "Kết quả", "Thời gian lấy mẫu", "Trạng thái",
)  # fmt: skip
GOOD = {
    "Mã phiếu": "P-1", "Họ và tên": "Nguyễn Văn Bình", "Ngày sinh": "05/03/1990",
    "Giới tính": "Nam", "Số điện thoại": "0900 000 101", "CCCD": "079090000001",
    "Mã xét nghiệm": "94500-6", "Tên xét nghiệm": "RT-PCR", "Kết quả": "Âm tính",
    "Thời gian lấy mẫu": "04/03/2026 08:30", "Trạng thái": "",
}  # fmt: skip


def table(*rows: dict[str, str], separator: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADINGS, delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def row(**changes: str) -> dict[str, str]:
    """A good row, changed by headings written with underscores."""
    return GOOD | {name.replace("_", " "): value for name, value in changes.items()}


def items(data: bytes, order: DateOrder = DateOrder.DAY_FIRST) -> list[ReadItem]:
    return list(read(data, zone=ZONE, date_order=order))


def result(data: bytes, order: DateOrder = DateOrder.DAY_FIRST) -> ReportedResult:
    (item,) = items(data, order)
    assert isinstance(item.content, ReportedResult), item.content
    return item.content


def findings(data: bytes, order: DateOrder = DateOrder.DAY_FIRST) -> list[str]:
    return [finding.code for item in items(data, order) for finding in item.content.findings]  # type: ignore[union-attr]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_row_says_the_same_however_the_file_was_saved(
    separator: str, ends: str, charset: str
) -> None:
    text = table(GOOD, separator=separator).decode().replace("\r\n", ends)
    found = result(text.encode(charset))
    assert found.accession == "P-1"
    assert found.patient is not None
    assert (found.patient.family, found.patient.birth_date) == ("Nguyễn Văn Bình", "1990-03-05")
    assert found.patient.phones == ("0900 000 101",)
    assert found.patient.documents[0].type is DocumentType.NATIONAL_ID
    assert found.codes[0] == Coding("LN", "94500-6", "RT-PCR")
    assert found.members[0].value == "Âm tính"
    assert found.collected_at == datetime(2026, 3, 4, 1, 30, tzinfo=UTC)
    assert found.status is ReportStatus.FINAL


def test_windows_vietnamese_is_read_and_said_to_be_a_guess() -> None:
    data = table(row(Họ_và_tên="Nguyê\u0303n Van")).decode()
    data = data.replace("Mã phiếu", "Accession").replace("Họ và tên", "Full name")
    data = data.replace("Kết quả", "Result").replace("Âm tính", "Negative")
    for heading in HEADINGS:
        data = data.replace(heading, "Test code" if heading == "Mã xét nghiệm" else "x")
    found = result(data.encode("cp1258"))
    assert found.patient is not None
    assert found.patient.family == "Nguyễn Van"
    assert [finding.code for finding in found.findings] == ["charset_guessed"]


def test_one_bad_row_leaves_the_others_alone_and_is_found_by_its_number() -> None:
    data = table(row(), row(Ngày_sinh="31/02/1990"), row(Mã_phiếu="P-3"))
    found = items(data)
    assert [item.row for item in found] == [2, 3, 4]
    assert [isinstance(item.content, ReportedResult) for item in found] == [True, False, True]


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    blank = dict.fromkeys(HEADINGS, "")
    data = table(row(Kết_quả="Âm tính\n(lần 2)"), blank, row())
    assert [item.row for item in items(data)] == [2, 4]


def test_headings_may_stand_below_a_title() -> None:
    data = "BỆNH VIỆN X,,\nNgày 4/3,,\n".encode() + table(GOOD)
    (item,) = items(data)
    assert item.row == 4


def test_a_table_that_lacks_a_column_says_which() -> None:
    (item,) = items(b"Accession,Name,Test code,Other\nA,B,C,D\n")
    (finding,) = item.content.findings  # type: ignore[union-attr]
    assert (finding.code, finding.detail) == ("missing_columns", "value")


@pytest.mark.parametrize(
    ("written", "order", "iso"),
    [
        ("04/03/2026 08:30", "dmy", "2026-03-04T01:30"),
        ("04/03/2026 08:30", "mdy", "2026-04-03T01:30"),
        ("4.3.2026 8:30 PM", "dmy", "2026-03-04T13:30"),
        ("4-3-2026", "dmy", "2026-03-03T17:00"),
        ("2026-03-04 08:30", "mdy", "2026-03-04T01:30"),
        ("2026-03-04T08:30:00+07:00", "mdy", "2026-03-04T01:30"),
        ("2026/3/4 08:30:15", "dmy", "2026-03-04T01:30"),
        ("20260304", "dmy", "2026-03-03T17:00"),
        ("04/03/2026 12:05 AM", "dmy", "2026-03-03T17:05"),
    ],
)
def test_dates_are_read_in_the_facilitys_order(written: str, order: str, iso: str) -> None:
    found = result(table(row(Thời_gian_lấy_mẫu=written, Ngày_sinh="1990")), DateOrder(order))
    assert found.collected_at is not None
    assert f"{found.collected_at:%Y-%m-%dT%H:%M}" == iso


@pytest.mark.parametrize(
    ("written", "order", "code"),
    [
        ("12/30/2026", "dmy", "date_contradicts_order"),
        ("30/12/2026", "mdy", "date_contradicts_order"),
        ("31/31/2026", "dmy", "unreadable_date"),
        ("04/03/26", "dmy", "unreadable_date"),
        ("46085.35", "dmy", "unreadable_date"),
        ("12/20/2021 4:00 PST", "mdy", "unreadable_date"),
        ("yesterday", "dmy", "unreadable_date"),
    ],
)
def test_a_date_that_does_not_fit_is_refused_and_never_turned_around(
    written: str, order: str, code: str
) -> None:
    data = table(row(Thời_gian_lấy_mẫu=written, Ngày_sinh="1990"))
    assert findings(data, DateOrder(order)) == [code]


@pytest.mark.parametrize(
    ("written", "iso"), [("1990", "1990"), ("03/1990", "1990-03"), ("5/3/1990", "1990-03-05")]
)
def test_a_birth_date_may_be_a_year_or_a_month(written: str, iso: str) -> None:
    patient = result(table(row(Ngày_sinh=written))).patient
    assert patient is not None
    assert patient.birth_date == iso


def test_lost_zeros_are_said_and_never_put_back() -> None:
    found = result(table(row(Số_điện_thoại="900000101", CCCD="79090000001")))
    assert found.patient is not None
    assert (found.patient.phones, found.patient.documents) == ((), ())
    assert [finding.code for finding in found.findings] == [
        "phone_zero_lost", "national_id_zero_lost",
    ]  # fmt: skip


def test_numbers_in_powers_of_ten_are_lost() -> None:
    assert findings(table(row(CCCD="7.909E+10"))) == ["number_in_scientific_notation"]
    assert result(table(row(CCCD="7,909E+10"))).patient is not None
    (item,) = items(table(row(Mã_phiếu="1.2E+11")))
    assert not isinstance(item.content, ReportedResult)


@pytest.mark.parametrize(
    ("word", "status"),
    [("", "final"), ("Hoàn tất", "final"), ("C", "corrected"), ("Đính chính", "corrected"),
     ("Hủy", "withdrawn"), ("entered-in-error", "withdrawn"), ("Đang chờ", "preliminary")],
)  # fmt: skip
def test_statuses_are_understood(word: str, status: str) -> None:
    assert result(table(row(Trạng_thái=word))).status == status


def test_an_unknown_status_stops_its_row() -> None:
    assert findings(table(row(Trạng_thái="?!"))) == ["unknown_status"]


@pytest.mark.parametrize(
    ("written", "codes"),
    [("260415000", (Coding("SCT", "260415000"),)), ("LA6577-6", (Coding("LN", "LA6577-6"),)),
     ("Âm tính", ()), ("34.2", ())],
)  # fmt: skip
def test_values_are_words_or_codes(written: str, codes: tuple[Coding, ...]) -> None:
    member = result(table(row(Kết_quả=written))).members[0]
    assert (member.value_codes, member.value) == (codes, "" if codes else written)


def test_a_row_with_more_cells_than_headings_is_refused() -> None:
    data = table(GOOD).rstrip() + b",more\r\n"
    assert findings(data) == ["row_has_other_columns"]


def test_a_quote_that_never_ends_stops_its_row_not_the_program() -> None:
    data = table(GOOD) + b'"' + b"x" * 200_000
    found = items(data)
    assert isinstance(found[0].content, ReportedResult)
    assert [f.code for f in found[1].content.findings] == ["unclosed_quote"]  # type: ignore[union-attr]


def workbook(*rows: tuple[Any, ...], title: bool = False) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if title:
        sheet.append(["Ghi chú"])
        sheet = book.create_sheet("Kết quả")
    for each in rows:
        sheet.append(each)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


SHEET_ROW = (
    "P-1", "Nguyễn Văn Bình", date(1990, 3, 5), "Nam", "0900 000 101", "079090000001", "94500-6",
    "RT-PCR", "Âm tính", datetime(2026, 3, 4, 8, 30), "",  # noqa: DTZ001  (as Excel keeps it)
)  # fmt: skip


def test_a_workbook_says_the_same_as_its_csv() -> None:
    (item,) = items(workbook(HEADINGS, SHEET_ROW, title=True))
    assert item.content == result(table(GOOD))
    assert item.row == 2
    (again,) = items(item.raw)
    assert again.content == item.content


def test_a_number_cell_has_lost_its_zero() -> None:
    numbers = (*SHEET_ROW[:4], 900000101, 79090000001, *SHEET_ROW[6:])
    assert findings(workbook(HEADINGS, numbers)) == ["phone_zero_lost", "national_id_zero_lost"]


def test_a_workbook_that_unpacks_to_more_than_the_limit_is_not_opened() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\x00" * 30_000_000)
    tracemalloc.start()
    (item,) = read(file.getvalue(), zone=ZONE, limit=1_000_000)
    assert [f.code for f in item.content.findings] == ["too_large"]  # type: ignore[union-attr]
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("cut", [30, 200, 2000])
def test_a_damaged_workbook_is_one_unreadable_item(cut: int) -> None:
    assert findings(workbook(HEADINGS, SHEET_ROW)[:-cut]) == ["unreadable_table"]


def test_the_template_is_read_by_its_own_reader() -> None:
    found = items((REPOSITORY / "docs/template.csv").read_bytes())
    assert found
    assert all(isinstance(item.content, ReportedResult) for item in found)


def test_headings_are_compared_without_case_accents_and_signs() -> None:
    assert fact_of("  HỌ  và tên: ") == fact_of("ho_va_ten") == "full_name"
    assert fact_of("Địa chỉ") == ""


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


@given(st.lists(CELLS, min_size=11, max_size=11))
def test_every_row_can_be_read_again_from_its_own_bytes(cells: list[str]) -> None:
    for item in items(table(dict(zip(HEADINGS, cells, strict=True)))):
        (again,) = items(item.raw)
        assert again.content == item.content


@given(st.binary(max_size=300))
def test_no_bytes_below_good_headings_raise(noise: bytes) -> None:
    assert len(items(table(GOOD) + noise)) >= 1
