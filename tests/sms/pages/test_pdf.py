"""The slip as a PDF on the citizen's page: behind the same proofs, and the page goes on."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from core.certificates.verdict import Standing
from core.results.result import Outcome
from tests.core.paper.reading import pages
from tests.sms.conftest import Walk, ticket_of
from tests.sms.fakes import BLOOD, PANEL, World


@pytest.fixture
def walk(client: FlaskClient) -> Walk:
    return Walk(client)


def opened(walk: Walk, world: World) -> None:
    walk.prove_phone(world)
    walk.step("ask")
    walk.step("prove", proof="05/03/1990")


def pdf(walk: Walk) -> tuple[int, bytes, str]:
    answer = walk.client.post("/open", data={"ticket": ticket_of(walk.page), "do": "pdf"})
    assert "Set-Cookie" not in answer.headers
    return answer.status_code, answer.data, answer.headers.get("Content-Disposition", "")


def test_the_page_gives_its_slip_and_can_still_go_on(world: World, walk: Walk) -> None:
    world.release()
    world.release(outcome=Outcome.POSITIVE)
    opened(walk, world)
    walk.step("result", result="result-1")
    for _ in range(2):  # a file may be saved again
        status, data, name = pdf(walk)
        assert (status, name) == (200, 'attachment; filename="ket-qua-7K2M9QR1.pdf"')
    (page,) = pages(data)
    assert "Nguyễn Văn Bình" in page.text
    assert len(page.codes()) == 1
    assert "Âm tính" in walk.step("list")


def test_a_class_b_result_is_its_holders_to_save_once_proven(world: World, walk: Walk) -> None:
    world.release(test=PANEL, outcome=Outcome.REPORTED, values=BLOOD)
    walk.prove_phone(world)
    assert pdf(walk)[0] == 404  # the page asks for the date of birth
    walk.step("prove", proof="05/03/1990")
    status, data, _ = pdf(walk)
    assert status == 200
    assert "Glucose" in pages(data)[0].text


def test_before_the_otp_there_is_none(world: World, walk: Walk) -> None:
    world.release()
    walk.post("/", phone="0900 000 123")
    assert pdf(walk)[0] == 404


def test_a_list_has_no_slip_and_a_used_or_forged_ticket_gives_none(
    world: World, walk: Walk
) -> None:
    world.release()
    world.release()
    opened(walk, world)
    assert pdf(walk)[0] == 404
    old = ticket_of(walk.page)
    walk.step("result", result="result-1")
    for ticket, status in ((old, 409), ("forged", 400), ("", 400)):
        answer = walk.client.post("/open", data={"ticket": ticket, "do": "pdf"})
        assert answer.status_code == status


def test_what_was_withdrawn_meanwhile_is_not_printed(world: World, walk: Walk) -> None:
    item = world.release()
    opened(walk, world)
    assert item.uvci
    world.standings[item.uvci] = Standing.REVOKED
    status, data, _ = pdf(walk)
    assert (status, data.startswith(b"%PDF")) == (404, False)
    assert "Không có phiếu để lưu" in data.decode()
