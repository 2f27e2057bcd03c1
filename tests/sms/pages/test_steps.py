"""From the OTP to the result, and every refusal on the way."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from io import BytesIO

import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image

from core.certificates.issue import as_text
from core.certificates.verdict import Standing
from core.results.result import Outcome
from tests.sms.conftest import Walk, ticket_of
from tests.sms.fakes import AN, BINH, BLOOD, CUC, DENGUE, HIV, PANEL, PCR, TB, World, key_of


@pytest.fixture
def walk(client: FlaskClient) -> Walk:
    return Walk(client)


def qr_of(page: str) -> str:
    """What the picture on the page says."""
    found = re.search(r'<img src="data:image/png;base64,([^"]+)"', page)
    assert found
    return zxingcpp.read_barcodes(Image.open(BytesIO(b64decode(found[1]))))[0].text


def opened(walk: Walk, world: World, path: str = "/") -> str:
    """Walk up to the results of Bình."""
    walk.prove_phone(world, path)
    return walk.step("prove", proof="05/03/1990")


def test_phone_code_and_birth_date_lead_to_the_signed_qr(world: World, walk: Walk) -> None:
    item = world.release()
    assert item.certificate
    page = opened(walk, world)
    assert qr_of(page) == as_text(item.certificate)
    for words in ("Nguyễn Văn Bình", "Âm tính", "Bệnh viện TP Thủ Đức", "giấy tờ tùy thân"):
        assert words in page
    assert "Còn hiệu lực đến 07:00 15/07/2026 (giờ Việt Nam)" in page
    assert "<dd>07:00 12/07/2026 (giờ Việt Nam)</dd>" in page


def test_the_link_leads_to_the_result_that_it_names(world: World, walk: Walk) -> None:
    world.release(outcome=Outcome.POSITIVE)
    named = world.release()
    world.release(person=AN)
    assert "Âm tính" in opened(walk, world, world.link(named))
    assert "Các kết quả khác" in walk.page


def test_a_person_once_opened_needs_no_birth_date_for_class_a(world: World, walk: Walk) -> None:
    world.release()
    opened(walk, world)
    world.clock.wait(minutes=2)
    assert "Âm tính" in walk.prove_phone(world)


def test_a_wrong_code_costs_a_try_and_says_how_many_are_left(world: World, walk: Walk) -> None:
    walk.post("/", phone="0900000123")
    assert "còn 4 lần thử" in walk.step("code", code="nonsense")
    assert walk.status == 422


def test_the_fifth_wrong_code_ends_it_even_for_the_right_one(world: World, walk: Walk) -> None:
    world.release()
    walk.post("/", phone="0900000123")
    right = world.challenges.last_code()
    for _ in range(5):
        walk.step("code", code="000000" if right != "000000" else "111111")
    assert "sai 5 lần" in walk.page
    sixth = walk.step("code", code=right)
    assert "sai 5 lần" in sixth
    assert "Gửi mã mới" in sixth


def test_a_late_code_is_refused_and_a_new_one_helps(world: World, walk: Walk) -> None:
    world.release()
    walk.post("/", phone="0900000123")
    world.clock.wait(minutes=5)
    assert "hết hạn" in walk.step("code", code=world.challenges.last_code())
    assert "Đã gửi một mã mới" in walk.step("resend")
    assert "Xác nhận đúng người" in walk.step("code", code=world.challenges.last_code())


def test_a_code_with_blanks_is_taken(world: World, walk: Walk) -> None:
    world.release()
    walk.post("/", phone="0900000123")
    code = world.challenges.last_code()
    assert "Xác nhận đúng người" in walk.step("code", code=f" {code[:3]} {code[3:]}")


def test_a_code_of_another_visit_opens_nothing(
    world: World, client: FlaskClient, walk: Walk
) -> None:
    world.release()
    walk.post("/", phone="0900000123")
    first = world.challenges.last_code()
    world.clock.wait(seconds=61)
    other = Walk(client)
    other.post("/", phone="0900000123")
    if first == world.challenges.last_code():  # one in a million, and the same in every run
        pytest.fail("choose other dice")
    assert "chưa đúng" in other.step("code", code=first)


def test_sending_again_too_early_says_how_long_to_wait(world: World, walk: Walk) -> None:
    walk.post("/", phone="0900000123")
    world.clock.wait(seconds=20)
    assert "sau 40 giây" in walk.step("resend")
    assert len(world.challenges.messages) == 1


def test_a_used_ticket_is_a_calm_page_with_a_way_on(world: World, walk: Walk) -> None:
    world.release()
    walk.post("/", phone="0900000123")
    before = walk.page
    walk.step("code", code=world.challenges.last_code())
    walk.page = before
    page = walk.step("code", code=world.challenges.last_code())
    assert walk.status == 409
    assert "Trang này đã được dùng" in page
    assert "Bắt đầu lại" in page


@pytest.mark.parametrize("ticket", ["", "x", "a.b.c", "ă" * 50, "."])
def test_a_forged_ticket_is_a_calm_page(client: FlaskClient, ticket: str) -> None:
    answer = client.post("/open", data={"ticket": ticket, "do": "code", "code": "123456"})
    assert answer.status_code == 400
    assert "Trang này không đúng" in answer.text


def test_no_step_after_the_code_works_before_it(world: World, walk: Walk) -> None:
    world.release()
    for do in ("person", "prove", "result", "list", "people", "ask", "", "nonsense"):
        walk.post("/", phone="0900000123")
        page = walk.step(do, person=key_of(BINH), proof="05/03/1990", result="result-1")
        assert "Nhập mã OTP" in page
        assert "Nguyễn" not in page
        world.clock.wait(minutes=61)


def test_typing_the_address_of_a_step_begins_anew(client: FlaskClient) -> None:
    answer = client.get("/open")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_family_chooses_by_masked_names(world: World, walk: Walk) -> None:
    world.release()
    world.release(person=AN)
    page = walk.prove_phone(world)
    assert "N. V. B••h" in page
    assert "T. T. A•" in page
    assert "Nguyễn" not in page
    assert "Xác nhận đúng người" in walk.step("person", person=key_of(BINH))


def test_a_person_of_another_number_cannot_be_chosen(world: World, walk: Walk) -> None:
    world.release()
    world.release(person=AN)
    walk.prove_phone(world)
    assert "Bạn xem kết quả của ai?" in walk.step("person", person="ff" * 16)


@pytest.mark.parametrize("forged", ["nobody", "x" * 5_000, "'; --"])
def test_only_a_choice_that_was_offered_is_kept(world: World, walk: Walk, forged: str) -> None:
    world.release()
    world.release()
    opened(walk, world)
    walk.step("result", result=forged)
    assert walk.status == 200
    world.release(person=AN)
    walk.step("person", person=forged)
    assert walk.status == 200
    (visit,) = world.visits.rows.values()
    assert (visit.person_key, visit.result_id) == (None, None)
    walk.step("person", person=key_of(BINH))
    walk.step("prove", proof="05/03/1990")
    walk.step("result", result=forged)
    (visit,) = world.visits.rows.values()
    assert (visit.person_key, visit.result_id) == (key_of(BINH), None)


def test_the_proof_of_one_person_opens_no_other(world: World, walk: Walk) -> None:
    world.release()
    world.release(person=AN)
    walk.prove_phone(world)
    walk.step("person", person=key_of(BINH))
    walk.step("prove", proof="05/03/1990")
    walk.step("people")
    assert "4 ký tự cuối" in walk.step("person", person=key_of(AN))


def test_a_forged_choice_after_a_proof_still_asks_the_other_person(
    world: World, walk: Walk
) -> None:
    world.release()
    world.release(person=AN)
    walk.prove_phone(world)
    walk.step("person", person=key_of(BINH))
    walk.step("prove", proof="05/03/1990")
    assert "4 ký tự cuối" in walk.step("person", person=key_of(AN))


def test_a_proof_does_not_pass_to_who_is_left_on_the_number(world: World, walk: Walk) -> None:
    world.release()
    world.release(person=AN)
    walk.prove_phone(world)
    walk.step("person", person=key_of(BINH))
    walk.step("prove", proof="05/03/1990")
    del world.shelf.items[key_of(BINH)]  # withdrawn meanwhile
    assert "4 ký tự cuối" in walk.step("again")


def test_a_wrong_birth_date_is_refused_and_a_fifth_locks(world: World, walk: Walk) -> None:
    world.release()
    walk.prove_phone(world)
    assert "chưa khớp" in walk.step("prove", proof="06/03/1990")
    for _ in range(4):
        walk.step("prove", proof="06/03/1990")
    assert "24 giờ" in walk.step("prove", proof="05/03/1990")
    assert walk.status == 403
    assert "Nguyễn" not in walk.page


def test_an_unreadable_birth_date_costs_no_try(world: World, walk: Walk) -> None:
    world.release()
    walk.prove_phone(world)
    for _ in range(7):
        assert "Chưa đọc được" in walk.step("prove", proof="hôm qua")
    assert "Âm tính" in walk.step("prove", proof="5.3.1990")


def test_year_and_document_open_where_only_the_year_is_known(world: World, walk: Walk) -> None:
    world.release(person=AN)
    walk.prove_phone(world)
    assert "chưa khớp" in walk.step("prove", proof="1950", document="0000")
    assert "Trần Thị An" in walk.step("prove", proof="1950", document="4567")


def test_somebody_without_any_proof_is_sent_to_staff(world: World, walk: Walk) -> None:
    world.release(person=CUC)
    page = walk.prove_phone(world)
    assert "Quầy 3" in page
    assert "Bệnh viện TP Thủ Đức" in page
    assert "Nhân viên sẽ giúp bạn" in walk.step("prove", proof="1950")


def test_staff_of_a_hidden_result_are_not_named(world: World, walk: Walk) -> None:
    world.release(person=CUC)
    hidden = world.release(person=CUC, test=HIV)
    world.shelf.items[key_of(CUC)][-1] = replace(hidden, facility_name="Phòng khám kín")
    assert "Phòng khám kín" not in walk.prove_phone(world)


def test_a_clinical_result_is_named_only_after_the_birth_date(world: World, walk: Walk) -> None:
    world.release()
    opened(walk, world)
    world.release(test=DENGUE)
    world.clock.wait(minutes=2)
    page = walk.prove_phone(world)
    assert "Có 1 kết quả cần nhập ngày sinh" in page
    assert "Dengue" not in page
    walk.step("ask")
    assert "Dengue" in walk.step("prove", proof="05/03/1990")


def test_a_clinical_result_alone_asks_for_the_birth_date_at_once(world: World, walk: Walk) -> None:
    item = world.release(test=DENGUE)
    assert "Xác nhận đúng người" in walk.prove_phone(world, world.link(item))
    assert "Dengue" not in walk.page
    page = walk.step("prove", proof="05/03/1990")
    assert "Dengue" in page
    assert "<img" not in page


def test_the_code_of_a_clinical_result_is_shown_only_when_the_holder_asks(
    world: World, walk: Walk
) -> None:
    item = world.release(test=DENGUE)
    assert item.certificate is not None
    walk.prove_phone(world, world.link(item))
    page = walk.step("prove", proof="05/03/1990")
    assert "data:image/png" not in page
    assert "Hiện mã QR của kết quả này" in page
    assert "data:image/png" in walk.step("code_of_result")
    assert "data:image/png" not in walk.step("list")


def test_asking_for_a_code_before_the_birth_date_shows_nothing(world: World, walk: Walk) -> None:
    item = world.release(test=DENGUE)
    walk.prove_phone(world, world.link(item))
    page = walk.step("code_of_result")
    assert "data:image/png" not in page
    assert "Dengue" not in page


def test_a_shareable_result_shows_its_code_and_offers_no_other(world: World, walk: Walk) -> None:
    world.release()
    opened(walk, world)
    assert "data:image/png" in walk.page
    assert "Hiện mã QR của kết quả này" not in walk.page


def test_sensitive_and_restricted_results_are_never_shown(world: World, walk: Walk) -> None:
    world.release(test=TB)
    world.release(test=HIV)
    assert "Không tìm thấy kết quả" in walk.prove_phone(world)
    world.release()
    world.clock.wait(minutes=2)
    opened(walk, world)
    walk.step("list")
    assert "Âm tính" in walk.page
    assert not re.search("HIV|GeneXpert|Lao ", walk.page)
    hidden = walk.step("result", result="result-2")
    assert not re.search("HIV|GeneXpert|Lao ", hidden)


@pytest.mark.parametrize(
    ("outcome", "pooled"),
    [(Outcome.INDETERMINATE, False), (Outcome.INVALID, False), (Outcome.POSITIVE, True)],
)
def test_an_unclear_result_asks_for_a_new_sample(
    world: World, walk: Walk, outcome: Outcome, pooled: bool
) -> None:
    world.release(outcome=outcome, pooled=pooled)
    page = opened(walk, world)
    assert "cần lấy lại mẫu" in page
    assert "không mất phí" in page
    assert 'class="outcome positive' not in page
    assert "<img" not in page


def test_a_positive_has_a_qr_but_no_validity(world: World, walk: Walk) -> None:
    world.release(outcome=Outcome.POSITIVE)
    page = opened(walk, world)
    assert "Dương tính" in page
    assert qr_of(page).startswith("HC1:")
    assert "hiệu lực" not in page
    assert "Hết hạn" not in page


def test_an_old_negative_says_that_it_ended(world: World, walk: Walk) -> None:
    world.release()
    world.clock.wait(days=4)
    assert "Hết hạn từ 07:00 15/07/2026" in opened(walk, world)


def test_a_corrected_result_says_so(world: World, walk: Walk) -> None:
    item = world.release()
    world.shelf.items[key_of(BINH)] = [replace(item, version=2)]
    assert "Bản đã đính chính" in opened(walk, world)


def test_a_panel_is_a_table_with_flags_in_words(world: World, walk: Walk) -> None:
    world.release(test=PANEL, outcome=Outcome.REPORTED, values=BLOOD)
    page = opened(walk, world)
    assert "5.4 mmol/L" in page
    assert "96 U/L – cao" in page
    assert "Tham chiếu: &lt; 41" in page


def test_the_language_can_change_in_the_middle_of_a_visit(world: World, walk: Walk) -> None:
    world.release(test=PCR)
    opened(walk, world)
    walk.lang = "en"
    page = walk.step("again")
    assert "Negative" in page
    assert "Viet Nam time" in page


def test_each_page_carries_a_fresh_ticket_and_no_id_in_an_address(world: World, walk: Walk) -> None:
    world.release()
    walk.post("/", phone="0900000123")
    first = ticket_of(walk.page)
    walk.step("code", code=world.challenges.last_code())
    assert ticket_of(walk.page) != first
    assert not re.search(r'(href|action)="[^"]*(ticket|visit)', walk.page)


def test_a_visit_ends_ten_minutes_after_its_last_step(world: World, walk: Walk) -> None:
    world.release()
    walk.prove_phone(world)
    world.clock.wait(minutes=9)
    walk.step("again")
    world.clock.wait(minutes=9)
    assert "Xác nhận đúng người" in walk.step("again")
    world.clock.wait(minutes=11)
    walk.step("again")
    assert walk.status == 409


def test_a_revoked_result_says_so_and_has_no_code_to_show(world: World, walk: Walk) -> None:
    item = world.release()
    world.standings[item.uvci or ""] = Standing.REVOKED
    page = opened(walk, world)
    assert "Đã thu hồi" in page
    assert "data:image/png" not in page
    assert "Còn hiệu lực" not in page
