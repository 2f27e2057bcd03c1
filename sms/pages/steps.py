"""One visit, step by step: every form of it posts here with its ticket and what to ``do``.

Steps change the visit; ``screens`` decides what a visit in that state sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import Response, redirect, request

from core.citizens.challenge import CodeVerdict
from core.citizens.proof import ProofVerdict
from core.citizens.visit import LIFETIME, Visit
from core.paper.press import Form
from core.policy.showing import Door
from sms.errors import error_page
from sms.page import pdf_file, say
from sms.pages import screens
from sms.pages.words import code_words, proof_words, refusal_words
from sms.room import current_room
from sms.tickets import TicketRefusal

_STATUS = {TicketRefusal.FORGED: 400, TicketRefusal.USED: 409}
_LONGEST_ANSWER = 40


def back_to_start() -> Response:
    """Somebody typed or reloaded this address: begin anew."""
    return redirect("/", 303)  # type: ignore[return-value]


def take_step() -> Response:
    """Use the ticket up and do what the form asks; a file uses none up."""
    if request.form.get("do") == "pdf":
        return _save_pdf()
    visit = screens.office().take(request.form.get("ticket", ""))
    if isinstance(visit, TicketRefusal):
        return error_page(_STATUS[visit], f"pages.ticket.{visit}")
    visit = replace(visit, expires_at=current_room().clock() + LIFETIME)
    step = request.form.get("do", "")
    if not visit.verified:
        return _BEFORE_CODE.get(step, screens.show_visit)(visit)
    return _AFTER_CODE.get(step, screens.show_visit)(visit)


def _answer_code(visit: Visit) -> Response:
    typed = request.form.get("code", "")[:_LONGEST_ANSWER]
    answer = current_room().desk.answer_code(visit.challenge_id, typed)
    if answer.verdict is CodeVerdict.PASSED:
        return screens.show_visit(replace(visit, verified=True, phone=answer.phone))
    dead = answer.verdict is not CodeVerdict.WRONG or not answer.attempts_left
    return screens.code_page(visit, error=code_words(answer), dead=dead)


def _resend(visit: Visit) -> Response:
    room = current_room()
    asked = room.desk.request_code_for(visit.phone, Door.WEB)
    if asked.refusal:
        return screens.code_page(visit, error=refusal_words(asked))
    room.poke()
    visit = replace(visit, challenge_id=asked.challenge_id)
    return screens.code_page(visit, note=say("pages.code.resent"))


def _choose_person(visit: Visit) -> Response:
    people = current_room().desk.people(visit.phone, Door.WEB)
    key = _one_of([person.key for person in people], request.form.get("person"))
    return screens.show_visit(replace(visit, person_key=key, proven=False, result_id=None))


def _all_people(visit: Visit) -> Response:
    return screens.show_visit(replace(visit, person_key=None, proven=False, result_id=None))


def _ask_proof(visit: Visit) -> Response:
    return screens.proof_page(visit)


def _prove(visit: Visit) -> Response:
    if visit.person_key is None:
        return screens.show_visit(visit)
    verdict = current_room().desk.prove(visit.phone, visit.person_key, _typed_proof())
    if verdict is ProofVerdict.PASSED:
        return screens.show_visit(replace(visit, proven=True))
    if verdict is ProofVerdict.ASK_STAFF:
        return screens.proof_page(visit)
    locked = verdict is ProofVerdict.LOCKED
    return screens.proof_page(visit, error=proof_words(verdict), locked=locked)


def _typed_proof() -> str:
    """A date of birth, or a year and the end of a document number."""
    fields = (request.form.get(name, "").strip() for name in ("proof", "document"))
    return " ".join(field for field in fields if field)[:_LONGEST_ANSWER]


def _choose_result(visit: Visit) -> Response:
    desk, key = current_room().desk, visit.person_key or ""
    views = desk.results(visit.phone, key, Door.WEB, proven_now=visit.proven)
    chosen = _one_of([view.item.result_id for view in views], request.form.get("result"))
    return screens.show_visit(replace(visit, result_id=chosen))


def _save_pdf() -> Response:
    """The slip of the result that the page shows."""
    visit = screens.office().look(request.form.get("ticket", ""))
    if isinstance(visit, TicketRefusal):
        return error_page(_STATUS[visit], f"pages.ticket.{visit}")
    item = screens.shown_item(visit)
    printed = current_room().paper.press.print([item], Form.SLIP, asked=True) if item else None
    if printed is None or not printed.pdf:
        return error_page(404, "pages.no_paper")
    return pdf_file(printed.pdf, f"ket-qua-{printed.items[0].short_code}.pdf")


def _one_of(listed: list[str], sent: str | None) -> str | None:
    """What was chosen, if our page could have offered it."""
    return sent if sent in listed else None


def _all_results(visit: Visit) -> Response:
    return screens.show_visit(replace(visit, result_id=None))


def _show_code(visit: Visit) -> Response:
    return screens.show_visit(visit, asked=True)


_Step = Callable[[Visit], Response]
_BEFORE_CODE: dict[str, _Step] = {"code": _answer_code, "resend": _resend}
_AFTER_CODE: dict[str, _Step] = {
    "person": _choose_person,
    "people": _all_people,
    "ask": _ask_proof,
    "prove": _prove,
    "result": _choose_result,
    "list": _all_results,
    "code_of_result": _show_code,
}
