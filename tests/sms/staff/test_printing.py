"""Staff print: within their scope, audited, and nothing that paper must not show."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from core.policy.staff import Role
from core.results.facility import Facility
from core.results.result import Outcome
from tests.core.paper.reading import pages
from tests.sms.fakes import DENGUE, HIV, World
from tests.sms.staff.test_signing_in import browser, hire, sign_in, totp

__all__ = ["browser"]

Asked = Callable[..., tuple[int, bytes]]


@pytest.fixture
def print_out(world: World, browser: FlaskClient) -> Asked:
    """Ask for a print as the officer of one facility."""
    for code in ("BVTD", "BVLVT"):
        world.facilities.add(Facility(code, f"Bệnh viện {code}", code))
    sign_in(browser, hire(world, Role.FACILITY_OFFICER, "BVTD"), totp(world))

    def ask(accessions: str, **more: str) -> tuple[int, bytes]:
        found = re.search(r'csrf_token" value="([^"]+)"', browser.get("/staff/print").text)
        assert found
        data = {"csrf_token": found[1], "facility": "BVTD", "accessions": accessions, **more}
        answer = browser.post("/staff/print", data=data)
        return answer.status_code, answer.data

    return ask


def test_an_accession_becomes_a_slip_and_is_audited(world: World, print_out: Asked) -> None:
    item = world.release()
    status, pdf = print_out("XN-0001")
    assert status == 200
    assert "Nguyễn Văn Bình" in pages(pdf)[0].text
    entry = world.audit.entries[-1]
    assert (entry.actor, entry.action) == ("facility_officer", "slip_printed")
    assert (entry.subject, entry.detail) == (item.result_id, "slip")


def test_several_become_cards_on_one_sheet(world: World, print_out: Asked) -> None:
    for _ in range(3):
        world.release()
    _, pdf = print_out("XN-0001\r\n XN-0002 \r\n\r\nXN-0003\r\n", form="sheet")
    (page,) = pages(pdf)
    assert page.text.count("Nguyễn Văn Bình") == 3


def test_class_b_needs_its_tick(world: World, print_out: Asked) -> None:
    world.release(test=DENGUE)
    status, page = print_out("XN-0001")
    assert (status, b"%PDF" in page) == (404, False)
    assert print_out("XN-0001", asked="x")[1].startswith(b"%PDF")


def test_of_several_staff_pick_the_one_that_is_asked_for(world: World, print_out: Asked) -> None:
    world.release()
    dengue = world.release(test=DENGUE)
    world.release(test=HIV)
    numbers = "XN-0001\nXN-0002\nXN-0003"
    status, page = print_out(numbers, asked="x")
    assert (status, b"%PDF" in page) == (422, False)
    assert "XN-0002 · Dengue NS1" in page.decode()
    assert "HIV" not in page.decode()
    status, pdf = print_out(numbers, asked="x", result=dengue.result_id)
    assert status == 200
    (one,) = pages(pdf)
    assert "Dengue NS1" in one.text


def test_a_sensitive_test_beside_it_leaves_no_trace(world: World, print_out: Asked) -> None:
    world.release(test=DENGUE)
    world.release(test=HIV)
    assert print_out("XN-0001\nXN-0002", asked="x")[1].startswith(b"%PDF")


def test_without_the_tick_the_others_are_printed(world: World, print_out: Asked) -> None:
    world.release()
    world.release(test=DENGUE)
    _, pdf = print_out("XN-0001\nXN-0002")
    (one,) = pages(pdf)
    assert "Dengue" not in one.text


def test_a_sensitive_test_and_an_unknown_number_get_the_same_page(
    world: World, print_out: Asked
) -> None:
    def page(accession: str) -> bytes:
        return re.sub(rb'csrf_token" value="[^"]+"', b"", print_out(accession, asked="x")[1])

    world.release(test=HIV, outcome=Outcome.POSITIVE)
    assert page("XN-0001") == page("NONE")
    assert world.audit.entries[-1].action == "slip_refused"


def test_a_card_without_a_code_is_refused_with_advice(world: World, print_out: Asked) -> None:
    world.release(outcome=Outcome.INVALID)
    status, page = print_out("XN-0001", form="card")
    assert status == 404
    assert "Hãy in phiếu A4" in page.decode()


def test_another_facility_is_refused(world: World, print_out: Asked) -> None:
    world.release()
    assert print_out("XN-0001", facility="BVLVT")[0] == 403
    assert world.audit.entries[-1].action == "signed_in"
