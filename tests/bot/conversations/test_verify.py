from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest

from core.certificates import picture
from core.certificates.authority import create_csca, create_dsc
from core.certificates.issue import as_text, facts_of, issue
from core.certificates.verdict import Standing
from core.results.result import Outcome
from tests.bot.conversations.fakes import NOON
from tests.bot.conversations.town import Citizen, Town, feed, said

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def png64(text: str) -> str:
    return b64encode(picture.png(text, module_px=4)).decode()


def test_a_photo_of_a_good_code_says_who_what_until_when_and_asks_for_the_photo_id(
    town: Town, minh: Citizen
) -> None:
    item = town.add()
    assert item.certificate
    minh.say("/start")
    assert "ảnh chụp mã QR" in minh.press("Kiểm tra mã QR")
    text = minh.do(image=png64(as_text(item.certificate)))
    assert text.splitlines() == [
        "✅ HỢP LỆ",
        "Họ và tên: Trần Thị Minh",
        "Ngày sinh: 05/03/1990",
        "Xét nghiệm Realtime RT-PCR: Âm tính",
        "Thời gian lấy mẫu: 08:00 12/07/2026 (Giờ Việt Nam)",
        "Đơn vị xét nghiệm: BVNDGD",
        "Còn hiệu lực đến 08:00 15/07/2026 (Giờ Việt Nam)",
        "Vui lòng đối chiếu với giấy tờ tùy thân.",
    ]
    assert "Kiểm tra mã khác" in minh.buttons


def test_pasted_text_is_checked_in_every_state(town: Town, minh: Citizen) -> None:
    item = town.add()
    assert item.certificate
    minh.ask_for_qr()
    assert "✅" in minh.say(f"xem giúp: {as_text(item.certificate)}")
    assert "ngày sinh" in minh.say(town.code())


def test_a_code_of_another_issuer_says_so_and_names_nobody(town: Town, minh: Citizen) -> None:
    start = NOON - timedelta(days=30)
    forger = create_dsc(create_csca("Forger", not_before=start), "Forger", not_before=start)
    facts = facts_of(town.add().result, centre="BVNDGD", issuer="Forger")
    forged = issue(facts, forger.signer(), uvci="URN:UVCI:01:VN:X#1", issued_at=NOON)
    text = minh.do(image=png64(as_text(forged.cose)))
    assert "⛔ KHÔNG RÕ NƠI CẤP" in text
    assert "Minh" not in text
    assert "1990" not in text


def test_a_changed_code_has_a_bad_signature_and_names_nobody(town: Town, minh: Citizen) -> None:
    item = town.add()
    assert item.certificate
    text = minh.say(as_text(item.certificate[:-1] + bytes([item.certificate[-1] ^ 1])))
    assert "⛔ CHỮ KÝ KHÔNG HỢP LỆ" in text
    assert "Minh" not in text


def test_a_positive_is_never_green_and_names_nobody(town: Town, minh: Citizen) -> None:
    item = town.add(outcome=Outcome.POSITIVE)
    assert item.certificate
    text = minh.say(as_text(item.certificate))
    assert "⛔ KHÔNG ĐÁP ỨNG QUY ĐỊNH" in text
    assert "✅" not in text
    assert "Minh" not in text


def test_a_corrected_code_says_see_the_new_version(town: Town, minh: Citizen) -> None:
    item = town.add()
    assert item.certificate
    assert item.uvci
    town.standings[item.uvci] = Standing.CORRECTED
    assert "xem bản mới" in minh.say(as_text(item.certificate))


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (PDF, "không phải là hình ảnh"),
        (b"\x89PNG\r\n\x1a\n" + PDF, "⛔"),
        (b"", "⛔"),
    ],
)
def test_a_pdf_or_broken_file_under_a_pictures_name_is_told_so(image: bytes, words: str) -> None:
    photo = {"file_id": "f", "file_unique_id": "f", "width": 1, "height": 1}
    (shown,) = feed(Town(), said(photo=[photo]), files={"f": image})
    assert words in shown.text
    assert shown.buttons


def test_a_picture_sent_as_a_file_is_checked_too(town: Town) -> None:
    item = town.add()
    assert item.certificate
    content = picture.png(as_text(item.certificate), module_px=4)
    (shown,) = feed(town, said(document=document()), files={"f": content})
    assert "✅" in shown.text


def test_a_file_too_large_is_not_even_loaded() -> None:
    (shown,) = feed(Town(), said(document=document(file_size=11 * 1024 * 1024)))
    assert "quá lớn" in shown.text


def test_a_picture_that_cannot_be_loaded_is_asked_for_again() -> None:
    (shown,) = feed(Town(), said(document=document()))
    assert "gửi lại" in shown.text


@pytest.mark.parametrize("text", ["xin chào bạn nhé", "HC1:", "HC1:6BF+70790", "http://x.vn/HC1:%"])
def test_text_that_is_no_certificate_is_told_why(minh: Citizen, text: str) -> None:
    minh.say("/verify")
    assert "⛔ KHÔNG ĐỌC ĐƯỢC" in minh.say(text)
    assert minh.buttons == ["Kiểm tra mã khác", "Về đầu"]


def test_a_code_cut_off_anywhere_is_never_green(town: Town, minh: Citizen) -> None:
    item = town.add()
    assert item.certificate
    whole = as_text(item.certificate)
    for length in range(4, len(whole), 97):
        assert "⛔" in minh.say(whole[:length])


def document(**more: Any) -> dict[str, Any]:
    return {"file_id": "f", "file_unique_id": "f", "file_name": "qr.png", **more}
