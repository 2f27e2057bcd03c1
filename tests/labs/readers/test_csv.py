"""CSV that people and programs have damaged: no row lost in silence, each found again alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.results.catalogue import Catalogue
from core.results.facility import DateOrder
from core.results.judge import Judged, judge
from core.results.reported import Finding, NotAResult, ReadItem, ReportedResult, Unreadable
from labs.readers.detect import detect, read
from tests.labs.readers.where import REPOSITORY, SOAK, ZONE

HEAD = (
    "Mã phiếu,Họ và tên,Ngày sinh,Số điện thoại,CCCD,Mã xét nghiệm,Kết quả,"
    "Thời gian lấy mẫu,Trạng thái,Mẫu gộp,Đồng ý nhận tin,Thiết bị\n"
)
CELLS = (
    "P-{n}", "Nguyễn Văn Bình", "05/03/1990", "0900 000 101", "079090000001", "94500-6",
    "Âm tính", "04/03/2026 08:30", "", "", "", "Máy X",
)  # fmt: skip
PLACES = {name: place for place, name in enumerate(HEAD.strip().split(","))}
FUZZ = settings(max_examples=20_000 if SOAK else 200, deadline=None)


def row(n: int = 1, **changes: str) -> str:
    """A good row, changed by headings written with underscores."""
    cells = [cell.format(n=n) for cell in CELLS]
    for name, text in changes.items():
        cells[PLACES[name.replace("_", " ")]] = text
    return ",".join(cells) + "\n"


def items(text: str | bytes, order: DateOrder = DateOrder.DAY_FIRST) -> list[ReadItem]:
    data = text.encode() if isinstance(text, str) else text
    return list(read(data, zone=ZONE, date_order=order))


def told(found: list[ReadItem]) -> list[tuple[int | None, str]]:
    """Row and accession, or row and first code."""
    return [(item.row, one(item.content)) for item in found]


def one(content: object) -> str:
    if isinstance(content, ReportedResult):
        return content.accession
    assert isinstance(content, Unreadable | NotAResult)
    return content.findings[0].code if isinstance(content, Unreadable) else content.finding.detail


def the_result(text: str) -> ReportedResult:
    (item,) = items(text)
    assert isinstance(item.content, ReportedResult), item.content
    return item.content


def reads_again(item: ReadItem) -> None:
    """The inbox keeps ``raw`` and ``part`` only; the sender's format may have been named."""
    for wanted in ("auto", "csv", "xlsx"):
        again = list(read(item.raw, format=wanted, zone=ZONE))[item.part]
        assert again.content == item.content


def test_a_quote_that_nobody_closes_costs_its_own_row_only() -> None:
    open_quote = row(2, Thiết_bị='"Máy X')
    closed_later = row(4, Thiết_bị='"Máy Y"')
    text = HEAD + row(1) + open_quote + row(3) + closed_later
    assert told(items(text)) == [(2, "P-1"), (3, "unclosed_quote"), (4, "P-3"), (5, "P-4")]


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_quote_open_at_the_end_of_the_file_swallows_nothing(end: str) -> None:
    text = HEAD + row(1, Thiết_bị='"Máy X') + row(2) + row(3).rstrip("\n") + end
    found = items(text)
    assert told(found) == [(2, "unclosed_quote"), (3, "P-2"), (4, "P-3")]
    for item in found:
        reads_again(item)


def test_a_line_break_in_a_closed_quote_is_one_row() -> None:
    text = HEAD + row(1, Thiết_bị='"Máy ""X""\r\ntầng 2"') + row(2)
    assert told(items(text)) == [(2, "P-1"), (3, "P-2")]


def test_however_many_quotes_are_open_each_costs_its_own_row() -> None:
    found = told(items(HEAD + row(Thiết_bị='"Máy X') * 201 + row(7)))
    assert found == [*((n, "unclosed_quote") for n in range(2, 203)), (203, "P-7")]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("closed_in", ["Họ_và_tên", "Ngày_sinh", "Thiết_bị"])
def test_a_quote_closed_in_another_row_does_not_make_one_person_of_several(
    separator: str, closed_in: str
) -> None:
    opens = row(2, Họ_và_tên='"Nguyễn Văn Bình')
    closes = row(4, **{closed_in: '05/03/1990"'})
    text = HEAD + row(1) + opens + row(3) + closes + row(5)
    found = items(text.replace(",", separator))
    assert [(item.row, one(item.content)) for item in found][:3] == [
        (2, "P-1"), (3, "unclosed_quote"), (4, "P-3"),
    ]  # fmt: skip
    assert (found[-1].row, one(found[-1].content)) == (6, "P-5")
    for item in found:
        reads_again(item)


def test_a_quote_that_opens_and_closes_in_every_line_costs_no_more_than_its_rows() -> None:
    found = items(HEAD + 'x","\n' * 300 + row(7))
    assert len(found) == 301
    assert one(found[-1].content) == "P-7"
    reads_again(found[0])


@pytest.mark.parametrize("size", [100_001, 1_000_001])
def test_a_row_longer_than_any_costs_itself(size: int) -> None:
    found = items(HEAD + row(1) + row(2, Thiết_bị="x" * size) + row(3))
    assert told(found) == [(2, "P-1"), (3, "unclosed_quote"), (4, "P-3")]
    reads_again(found[1])


def test_a_row_of_more_cells_than_any_is_not_even_split() -> None:
    found = items(HEAD + row(1) + "ab," * 400_000 + "\n" + row(3))
    assert told(found) == [(2, "P-1"), (3, "unclosed_quote"), (4, "P-3")]


def damaged(text: str) -> bytes:
    """``text`` with the last byte of the second row's family name changed."""
    data = bytearray(text.encode())
    at = data.index("ễ".encode(), data.index(b"P-2"))
    data[at + 2] = ord("A")
    return bytes(data)


@pytest.mark.parametrize("head", [HEAD, "sid,name,x,x2,x3,test code,result,x4,x5,x6,x7,x8\n"])
def test_a_damaged_letter_costs_its_row_and_garbles_no_other_name(head: str) -> None:
    found = items(damaged(head + row(1) + row(2) + row(3)))
    assert told(found) == [(2, "P-1"), (3, "damaged_characters"), (4, "P-3")]
    for item in (found[0], found[2]):
        assert isinstance(item.content, ReportedResult)
        assert item.content.patient is not None
        assert item.content.patient.family == "Nguyễn Văn Bình"
    reads_again(found[1])


def test_a_damaged_row_is_not_taken_for_another_character_set_when_it_reads_again() -> None:
    head = "sid,name,test code,result\n"
    good = "P-1,Nguyễn Văn Bình,94500-6,Âm tính\n"
    found = items((head + good).encode() + b"P-2,Nguy\xe1n,94500-6,Negative\n")
    assert told(found) == [(2, "P-1"), (3, "damaged_characters")]
    reads_again(found[1])


def test_the_line_that_names_the_separator_is_no_row() -> None:
    text = (HEAD + row(1)).replace(",", ";")
    assert told(items("sep=;\r\n" + text)) == [(2, "P-1")]


def test_hl7_and_fhir_words_of_status_are_understood() -> None:
    words = {
        "R": "preliminary",
        "partial": "preliminary",
        "D": "withdrawn",
        "appended": "corrected",
    }
    for word, status in words.items():
        assert the_result(HEAD + row(Trạng_thái=word)).status == status


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_broken_row_is_read_again_with_its_own_separator(separator: str) -> None:
    text = (HEAD + row(1, Thiết_bị='"Máy X') + row(2)).replace(",", separator)
    broken, good = items(text)
    assert one(broken.content) == "unclosed_quote"
    reads_again(broken)
    reads_again(good)


def test_empty_cells_that_excel_left_out_at_the_end_are_empty() -> None:
    found = items(HEAD + row(Thiết_bị="").rstrip(",\n") + "\n")
    assert told(found) == [(2, "P-1")]
    reads_again(found[0])


@pytest.mark.parametrize("short", ["lab1\n", "P-1,Nguyễn Văn Bình,1990\n"])
def test_a_row_that_lacks_what_must_be_there_is_told_its_length(short: str) -> None:
    (item,) = items(HEAD + short)
    cells = short.count(",") + 1
    assert item.content == Unreadable((Finding("row_has_other_columns", "", f"{cells} / 12"),))


def test_a_file_that_ends_within_a_row_does_not_give_half_of_it() -> None:
    whole = HEAD + row(1) + row(2)
    for cut in range(2, len("08:30,,,,Máy X\n")):
        found = items(whole[:-cut])
        if whole[:-cut].count(",") < whole.count(","):
            assert told(found) == [(2, "P-1"), (3, "row_has_other_columns")]
            reads_again(found[1])


def test_more_cells_are_fine_when_they_are_empty() -> None:
    assert told(items(HEAD + row(1).replace("\n", ",, ,\n"))) == [(2, "P-1")]


def test_a_table_without_rows_is_accounted_for() -> None:
    (item,) = items(HEAD)
    assert item.content == NotAResult(Finding("not_a_result", "", "no rows"))


def test_a_title_without_separators_may_stand_above_the_headings() -> None:
    text = "BỆNH VIỆN X\nNgày 4 tháng 3\n\n" + (HEAD + row(1)).replace(",", ";")
    assert told(items(text)) == [(5, "P-1")]


def test_the_separator_is_the_headings_own() -> None:
    text = "Mã phiếu;Họ, tên;Mã xét nghiệm;Kết quả;Ghi chú a,b,c,d,e\nP-1;B;94500-6;Âm tính;\n"
    assert told(items(text)) == [(2, "P-1")]


def test_a_heading_twice_stops_the_table() -> None:
    (item,) = items(HEAD.replace("Trạng thái", "KẾT QUẢ") + row(1))
    assert item.content == Unreadable((Finding("repeated_column", "KẾT QUẢ"),))


def test_too_many_columns_are_no_table() -> None:
    (item,) = items(HEAD.strip() + "," * 600 + "\n" + row(1))
    assert one(item.content) == "too_many_columns"


@pytest.mark.parametrize(
    ("word", "pooled"),
    [("", False), ("Không", False), ("0", False), ("x", True), ("Gộp 5", True), ("5 mẫu", True)],
)
def test_whatever_is_not_a_no_is_a_pool(word: str, pooled: bool) -> None:
    assert the_result(HEAD + row(Mẫu_gộp=word)).pooled is pooled


@pytest.mark.parametrize(("word", "said"), [("", 0), ("Đồng ý", 1), ("x", 1), ("chưa rõ", 0)])
def test_only_a_yes_is_consent(word: str, said: int) -> None:
    assert the_result(HEAD + row(Đồng_ý_nhận_tin=word)).consent_to_contact is bool(said)


@pytest.mark.parametrize(
    ("written", "hour"),
    [("08:30 04/03/2026", "01:30"), ("04/03/2026 8h30", "01:30"), ("04/03/2026 8:30 CH", "13:30"),
     ("4/3/2026 12:05:00 SA", "17:05"), ("04/03/2026, 08:30", "01:30"),
     ("20260304083059+0700", "01:30")],
)  # fmt: skip
def test_times_as_vietnamese_programs_write_them(written: str, hour: str) -> None:
    found = the_result(HEAD + row(Thời_gian_lấy_mẫu=f'"{written}"'))
    assert found.collected_at is not None
    assert f"{found.collected_at:%H:%M}" == hour


@pytest.mark.parametrize("written", ["8:30 4/3/2026 9:30", "4/3/2026 14:30 PM", "4/3/2026 25:00"])
def test_a_time_that_says_two_things_is_refused(written: str) -> None:
    assert told(items(HEAD + row(Thời_gian_lấy_mẫu=written))) == [(2, "unreadable_date")]


def test_a_contradicting_date_names_its_heading_and_form_and_no_more() -> None:
    (item,) = items(HEAD + row(Ngày_sinh="12/30/1990"))
    expected = Finding("date_contradicts_order", "Ngày sinh", "99/99/9999")
    assert item.content == Unreadable((expected,))


@pytest.mark.parametrize("written", ["2E10", "12E3", "1e5"])
def test_a_laboratorys_own_number_with_an_e_is_kept(written: str) -> None:
    assert the_result(HEAD + row(Mã_phiếu=written)).accession == written


def test_a_count_with_a_unit_is_no_code() -> None:
    head = HEAD.replace("Thiết bị", "Đơn vị đo")
    for unit, value in (("copies/mL", "1200000"), ("", "")):
        member = the_result(head + row(Kết_quả="1200000", Thiết_bị=unit)).members[0]
        assert member.value == value


def test_a_formula_is_text_like_any_other() -> None:
    patient = the_result(HEAD + row(Họ_và_tên="=HYPERLINK(1)")).patient
    assert patient is not None
    assert patient.family == "=HYPERLINK(1)"


def test_a_control_character_in_a_cell_stops_neither_the_file_nor_its_replay() -> None:
    (item,) = items(HEAD + row(Thiết_bị="Máy\x01\x00X"))
    assert isinstance(item.content, ReportedResult)
    assert item.content.device == "MáyX"
    reads_again(item)


def test_headings_with_line_breaks_or_braces_read_again() -> None:
    (item,) = items('"{Ghi chú}","Mã\nphiếu",' + HEAD[len("Mã phiếu,") :] + "," + row(1))
    assert detect(item.raw) == "csv"
    reads_again(item)


def test_an_invisible_character_in_a_heading_is_a_blank() -> None:
    text = HEAD.replace("Mã phiếu", '"Mã\x01\nphiếu"') + row(1)
    (item,) = read(text.encode(), format="csv", zone=ZONE)
    assert one(item.content) == "P-1"
    reads_again(item)


def test_a_first_cell_that_begins_like_an_hl7_message_does_not_make_the_file_one() -> None:
    found = items(HEAD + row(1) + row(Mã_phiếu="MSH|1"))
    assert told(found) == [(2, "P-1"), (3, "MSH|1")]
    reads_again(found[1])


def test_western_windows_text_is_a_guess_too() -> None:
    text = "Accession,Name,Test code,Result\nP-1,Jos\u00e9 \u017dan,94500-6,Negative\n"
    (item,) = items(text.encode("cp1252"))
    assert isinstance(item.content, ReportedResult)
    assert item.content.findings == (Finding("charset_guessed", "", "cp1252"),)


def test_a_row_says_the_same_when_it_was_packed_or_its_format_named() -> None:
    for item in items(HEAD + row(1) + row(2, Ngày_sinh="31/02/1990") + row(3)):
        reads_again(item)


def test_a_lost_zero_reaches_the_account_and_no_wrong_phone_is_told() -> None:
    catalogue = Catalogue.parse((REPOSITORY / "core/results/catalogue.toml").read_text("utf-8"))
    found = the_result(HEAD + row(Số_điện_thoại="900000101", CCCD="79090000001"))
    judged = judge(found, catalogue, now=datetime(2026, 3, 5, tzinfo=UTC))
    assert isinstance(judged, Judged)
    assert (judged.result.person.phone, judged.result.person.documents) == ("", ())
    codes = [finding.code for finding in judged.warnings]
    assert codes[:2] == ["phone_zero_lost", "national_id_zero_lost"]


CELL = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["04/03/2026", "12/30/2026", "", '"', "\r\n", "C", "0900000101", "Âm tính", "\x00", "a,b;c"]
)


@FUZZ
@given(st.lists(st.lists(CELL, min_size=1, max_size=14), min_size=1, max_size=4))
@example([["{", "\n"], ['"']])
@example([["MSH:"]])
@example([['0"', '"'], ["", ""]])
def test_whatever_stands_in_the_cells_each_item_reads_again(rows: list[list[str]]) -> None:
    for item in items(HEAD + "\n".join(",".join(cells) for cells in rows)):
        reads_again(item)


@FUZZ
@given(st.binary(max_size=200), st.sampled_from(["auto", "csv", "xlsx"]))
def test_bytes_after_good_headings_never_raise_or_vanish(noise: bytes, wanted: str) -> None:
    found = list(read(HEAD.encode() + noise, format=wanted, zone=ZONE))
    assert found
    for item in found:
        reads_again(item)
