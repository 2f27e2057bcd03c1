"""The officer's page: one verdict for whatever is pasted or uploaded."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from flask.testing import FlaskClient

from core.certificates.authority import create_csca, create_dsc
from core.certificates.issue import as_text
from core.certificates.picture import png
from core.certificates.verdict import Standing
from core.results.result import Outcome
from tests.sms.fakes import BINH, NOON, Keys, World


def paste(client: FlaskClient, text: str) -> str:
    answer = client.post("/verify", data={"text": text})
    assert answer.status_code == 200
    return answer.text


def upload(client: FlaskClient, data: bytes, name: str = "photo.png") -> str:
    answer = client.post("/verify", data={"picture": (BytesIO(data), name)})
    assert answer.status_code == 200
    return answer.text


def text_of(world: World, **more: object) -> str:
    item = world.release(**more)  # type: ignore[arg-type]
    assert item.certificate
    return as_text(item.certificate)


def anonymous(page: str) -> bool:
    return not any(word in page for word in ("Nguyễn", "Bình", "NGUYEN", "1990", "Thủ Đức"))


def test_a_valid_certificate_shows_what_to_compare_and_until_when(
    world: World, client: FlaskClient
) -> None:
    page = paste(client, text_of(world))
    for words in ("HỢP LỆ", "giấy tờ tùy thân", "Nguyễn Văn Bình", "05/03/1990", "Âm tính"):
        assert words in page
    assert "Còn hiệu lực đến 07:00 15/07/2026 (giờ Việt Nam)" in page
    assert 'class="outcome yes"' in page


def test_a_picture_is_read_like_its_text(world: World, client: FlaskClient) -> None:
    assert "HỢP LỆ" in upload(client, png(text_of(world)))


def test_a_positive_is_never_green_and_names_nobody(world: World, client: FlaskClient) -> None:
    page = paste(client, text_of(world, outcome=Outcome.POSITIVE))
    assert "KHÔNG ĐÁP ỨNG QUY ĐỊNH" in page
    assert 'class="outcome no"' in page
    assert anonymous(page)


def test_an_old_negative_is_refused_without_personal_data(
    world: World, client: FlaskClient
) -> None:
    text = text_of(world)
    world.clock.wait(hours=68)
    page = paste(client, text)
    assert "KHÔNG ĐÁP ỨNG QUY ĐỊNH" in page
    assert anonymous(page)


@pytest.mark.parametrize(
    ("standing", "words_shown"),
    [(Standing.REVOKED, "ĐÃ THU HỒI"), (Standing.CORRECTED, "xem bản mới")],
)
def test_a_withdrawn_certificate_says_so_and_names_nobody(
    world: World, client: FlaskClient, standing: Standing, words_shown: str
) -> None:
    item = world.release()
    assert item.certificate
    assert item.uvci
    world.standings[item.uvci] = standing
    page = paste(client, as_text(item.certificate))
    assert words_shown in page
    assert anonymous(page)


def test_an_expired_certificate_names_nobody(world: World, client: FlaskClient) -> None:
    text = text_of(world)
    world.clock.wait(days=181)
    page = paste(client, text)
    assert "HẾT HẠN" in page
    assert anonymous(page)


def test_a_certificate_of_another_country_is_not_trusted(world: World, client: FlaskClient) -> None:
    csca = create_csca("Somebody else", not_before=NOON - timedelta(days=9))
    theirs = create_dsc(csca, "Somebody else", not_before=NOON - timedelta(days=8))
    item = World(Keys(csca, theirs)).release(BINH)
    assert item.certificate
    page = paste(client, as_text(item.certificate))
    assert "KHÔNG RÕ NƠI CẤP" in page
    assert anonymous(page)


def test_a_truncated_text_is_a_verdict(world: World, client: FlaskClient) -> None:
    text = text_of(world)
    for length in (1, 4, 5, 50, len(text) // 2, len(text) - 1):
        world.clock.wait(seconds=12)  # or too many checks
        page = paste(client, text[:length])
        assert 'class="outcome no"' in page
        assert anonymous(page)


def test_a_pdf_under_a_png_name_is_a_verdict(client: FlaskClient) -> None:
    page = upload(client, b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "slip.png")
    assert "không phải là hình ảnh" in page


def test_an_upload_of_11_mb_is_a_page_in_words(client: FlaskClient) -> None:
    data = {"picture": (BytesIO(b"\x89PNG" + bytes(11 * 1024 * 1024)), "photo.png")}
    answer = client.post("/verify", data=data)
    assert answer.status_code == 413
    assert "tối đa 10 MB" in answer.text


def test_a_picture_of_almost_10_mb_is_let_in(client: FlaskClient) -> None:
    assert 'class="outcome no"' in upload(client, b"\x89PNG" + bytes(10 * 1024 * 1024 - 4))


def test_too_many_checks_of_one_address_are_a_page_in_words(
    world: World, client: FlaskClient
) -> None:
    for _ in range(5):
        paste(client, "x")
    refused = client.post("/verify", data={"picture": (BytesIO(b"x"), "photo.png")})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "12")
    assert "Hãy đợi một phút" in refused.text
    assert client.post("/api/v1/verify", json={"text": "x"}).status_code == 429
    assert client.get("/verify").status_code == 200
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.post("/verify", data={"text": "x"}, environ_base=elsewhere).status_code == 200
    world.clock.wait(seconds=12)
    paste(client, "x")


def test_an_empty_form_asks_again(client: FlaskClient) -> None:
    answer = client.post("/verify", data={"text": "  "})
    assert answer.status_code == 422
    assert "Hãy chọn một ảnh" in answer.text


def test_a_pasted_novel_is_a_page_in_words(client: FlaskClient) -> None:
    answer = client.post("/verify", data={"text": "x" * 700_000})
    assert answer.status_code in (200, 413)
    assert "Traceback" not in answer.text


def test_a_certificate_is_shown_as_text_and_never_as_markup(
    world: World, client: FlaskClient
) -> None:
    from dataclasses import replace

    page = paste(client, text_of(world, person=replace(BINH, given="<b>Bình</b>")))
    assert "HỢP LỆ" in page
    assert "<b>Bình" not in page
    assert "&lt;b&gt;Bình" in page


def test_it_speaks_english(world: World, client: FlaskClient) -> None:
    answer = client.post("/verify", data={"text": text_of(world), "lang": "en"})
    assert "photo ID" in answer.text
    assert "Viet Nam time" in answer.text
