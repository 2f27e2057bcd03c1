"""The two ways in: a typed phone number, and the link of an SMS.

A link preview fetches the link; so GET only shows whose phone it is (masked) and a button.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Response, request

from core.citizens.phone import mask_phone
from core.citizens.retrieval import CodeRequest
from core.citizens.visit import LIFETIME, Visit
from core.policy.showing import Door
from core.ports import LinkTarget
from sms.errors import error_page
from sms.page import show
from sms.pages import screens
from sms.pages.words import refusal_words
from sms.room import current_room

_LONGEST_NUMBER = 40


def enter_phone() -> Response:
    """Ask for the number."""
    return show("start.html")


def request_code() -> Response:
    """Send a code to the typed number, or say what is wrong with it."""
    typed = request.form.get("phone", "")[:_LONGEST_NUMBER]
    asked = current_room().desk.request_code(typed, Door.WEB)
    if asked.refusal:
        return show("start.html", 422, phone=typed, error=refusal_words(asked))
    return _begin(asked)


def follow_link(token: str) -> Response:
    """Show where the link leads, without sending anything."""
    target = _target(token)
    return target if isinstance(target, Response) else _link_page(target)


def send_for_link(token: str) -> Response:
    """Send a code to the link's number."""
    target = _target(token)
    if isinstance(target, Response):
        return target
    asked = current_room().desk.request_code_for(target.phone, Door.WEB)
    if asked.refusal:
        return _link_page(target, asked)
    return _begin(asked, target)


def _target(token: str) -> LinkTarget | Response:
    target = current_room().desk.follow_link(token)
    if target is None:
        return error_page(404, "pages.link.unknown")
    return error_page(410, "pages.link.expired") if target.expired else target


def _link_page(target: LinkTarget, asked: CodeRequest | None = None) -> Response:
    error = refusal_words(asked) if asked else None
    return show("link.html", 422 if error else 200, phone=mask_phone(target.phone), error=error)


def _begin(asked: CodeRequest, target: LinkTarget | None = None) -> Response:
    """Open a visit that this code belongs to."""
    room = current_room()
    room.poke()
    visit = Visit(
        id=room.random(16).hex(),
        step=0,
        phone=asked.phone,
        challenge_id=asked.challenge_id,
        expires_at=room.clock() + LIFETIME,
    )
    if target:
        visit = replace(visit, person_key=target.person_key, result_id=target.result_id)
    room.visits.add(visit)
    return screens.code_page(visit)
