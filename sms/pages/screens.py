"""What a visit sees, given how far it has come.

Each screen stores the visit and carries the ticket of its next step, so a screen can be
shown again in another language by a step that changes nothing.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Response

from core.citizens.birth import ProofKind
from core.citizens.phone import mask_phone
from core.citizens.retrieval import PersonView, ResultView
from core.citizens.visit import Visit
from core.policy.showing import Door, Showing, showing
from core.ports import ShelfItem
from sms.page import show
from sms.pages.card import card
from sms.room import current_room
from sms.tickets import TicketOffice


def office() -> TicketOffice:
    """The ticket office of this room."""
    room = current_room()
    return TicketOffice(room.visits, room.secret, room.clock)


def show_visit(visit: Visit, *, asked: bool = False) -> Response:
    """The screen of a visit as it stands.

    Args:
        asked: The person asks for the code of the result that is open.
    """
    if not visit.verified:
        return code_page(visit)
    people = current_room().desk.people(visit.phone, Door.WEB)
    person = _person(visit, people)
    if person is None:
        return _people_page(visit, people)
    if person.key != visit.person_key:  # what one person proved opens no other
        visit = replace(visit, person_key=person.key, proven=False)
    if person.needs_proof and not visit.proven:
        return proof_page(visit)
    return _results(visit, alone=len(people) == 1, asked=asked)


def code_page(
    visit: Visit, *, note: str | None = None, error: str | None = None, dead: bool = False
) -> Response:
    """Ask for the OTP.

    Args:
        dead: The code can no longer be answered; only a new one helps.
    """
    phone = mask_phone(visit.phone)
    return _page("code.html", visit, 422, phone=phone, note=note, error=error, dead=dead)


def proof_page(visit: Visit, *, error: str | None = None, locked: bool = False) -> Response:
    """Ask for what proves the person, or name who can help where nothing was recorded."""
    if visit.person_key is None:
        return show_visit(visit)
    kind = current_room().desk.proof_asked(visit.phone, visit.person_key)
    if kind is ProofKind.STAFF or locked:
        places = _contacts(visit.phone, visit.person_key)
        return _page("ask_staff.html", visit, 403, places=places, error=error)
    return _page("proof.html", visit, 422, kind=kind, error=error)


def shown_item(visit: Visit) -> ShelfItem | None:
    """The result that the visit's page shows in full, if it shows one."""
    if not visit.verified or visit.person_key is None:
        return None
    desk, key = current_room().desk, visit.person_key
    views = desk.results(visit.phone, key, Door.WEB, proven_now=visit.proven)
    view = next((each for each in views if each.item.result_id == visit.result_id), None)
    return view.item if view and view.showing is Showing.FULL else None


def _person(visit: Visit, people: list[PersonView]) -> PersonView | None:
    """The person chosen or named by the link; the only one needs no choice."""
    chosen = next((each for each in people if each.key == visit.person_key), None)
    return people[0] if chosen is None and len(people) == 1 else chosen


def _people_page(visit: Visit, people: list[PersonView]) -> Response:
    template = "people.html" if people else "nothing.html"
    return _page(template, visit, people=people)


def _results(visit: Visit, *, alone: bool, asked: bool) -> Response:
    """One result where it was chosen or is the only one, else the list."""
    desk, key = current_room().desk, visit.person_key or ""
    views = desk.results(visit.phone, key, Door.WEB, proven_now=visit.proven)
    view = _chosen(visit, views)
    if view is None:
        cards = [card(view, draw=False) for view in views]
        return _page("results.html", visit, cards=cards, alone=alone)
    visit = replace(visit, result_id=view.item.result_id)
    if view.showing is Showing.NEEDS_PROOF:
        return proof_page(visit)
    shown = card(view, asked=asked)
    return _page("result.html", visit, card=shown, alone=alone, only=len(views) == 1)


def _chosen(visit: Visit, views: list[ResultView]) -> ResultView | None:
    if len(views) == 1:
        return views[0]
    return next((view for view in views if view.item.result_id == visit.result_id), None)


def _contacts(phone: str, person_key: str) -> list[tuple[str, str]]:
    """Facilities that can help, of results that may be shown here at all."""
    items = current_room().desk.shelf.of_person(phone, person_key)
    shown = (
        item
        for item in items
        if showing(item.result.test.confidentiality, Door.WEB, proven_now=True)
        is not Showing.HIDDEN
    )
    return sorted({(item.facility_name, item.facility_contact) for item in shown})


def _page(template: str, visit: Visit, on_error: int = 200, **data: object) -> Response:
    """Store the visit and render its screen with the next ticket."""
    current_room().visits.save(visit)
    status = on_error if data.get("error") else 200
    return show(template, status, ticket=office().write(visit), **data)
