"""A ticket leads one visit one step further, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.citizens.visit import Visit
from sms.tickets import TicketOffice, TicketRefusal
from tests.sms.fakes import NOON, PHONE, MemoryVisits, Watch

SECRET = b"s" * 32


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def office(clock: Watch) -> TicketOffice:
    visits = MemoryVisits()
    visits.add(VISIT)
    return TicketOffice(visits, SECRET, clock)


VISIT = Visit("ab" * 16, 0, PHONE, "challenge", NOON + timedelta(minutes=30))


def test_a_ticket_leads_to_its_visit_and_the_next_step(office: TicketOffice) -> None:
    visit = office.take(office.write(VISIT))
    assert isinstance(visit, Visit)
    assert (visit.id, visit.step) == (VISIT.id, 1)


def test_a_ticket_works_once(office: TicketOffice) -> None:
    ticket = office.write(VISIT)
    office.take(ticket)
    assert office.take(ticket) is TicketRefusal.USED


def test_a_ticket_outlives_ten_minutes_by_nothing(office: TicketOffice, clock: Watch) -> None:
    ticket = office.write(VISIT)
    clock.wait(minutes=10, seconds=1)
    assert office.take(ticket) is TicketRefusal.USED


def test_a_ticket_of_another_secret_is_forged(office: TicketOffice, clock: Watch) -> None:
    forged = TicketOffice(MemoryVisits(), b"t" * 32, clock).write(VISIT)
    assert office.take(forged) is TicketRefusal.FORGED


def test_a_ticket_with_another_step_written_in_is_forged(office: TicketOffice) -> None:
    ticket = office.write(VISIT).replace(f"{VISIT.id}.0", f"{VISIT.id}.1")
    assert office.take(ticket) is TicketRefusal.FORGED


@given(st.text())
def test_any_other_text_is_forged(text: str) -> None:
    assert TicketOffice(MemoryVisits(), SECRET, Watch()).take(text) is TicketRefusal.FORGED
