"""The demo's own pages and its two interfaces for scripts: the outbox and the chat."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request

from core.citizens.phone import PhoneKind, read_phone
from sms.guard import refuse_strangers
from sms.page import show
from sms.room import DemoRoom, current_room

sim = Blueprint("sim", __name__, url_prefix="/sim")
_PICTURE_ROOM = 15 * 1024 * 1024  # a picture of 10 MB in base64, and a little


@sim.before_request
def _only_this_machine() -> None:
    """Also refuse other sites' pages that a visitor of the demo may have open."""
    refuse_strangers()
    if request.headers.get("Sec-Fetch-Site") == "cross-site" and request.method == "POST":
        abort(403)
    request.max_content_length = _PICTURE_ROOM


def _demo() -> DemoRoom:
    demo = current_room().demo
    if demo is None:
        abort(404)
    return demo


@sim.get("/")
def see() -> Response:
    """A phone and a chat side by side."""
    return show("sim.html", staff=_demo().staff())


@sim.get("/outbox.json")
def outbox() -> Response:
    """Every message received, oldest first."""
    return jsonify(_demo().outbox.listing())


@sim.get("/people.json")
def people() -> Response:
    """The newest simulated citizens, their numbers written as in the outbox."""
    return jsonify([_with_e164(person) for person in _demo().people()])


@sim.get("/staff.json")
def staff() -> Response:
    """The accounts with the TOTP of this moment."""
    return jsonify(_demo().staff())


@sim.post("/chat")
def chat() -> tuple[Response, int] | Response:
    """One exchange with the chat; a request that can't be played is a coded 400."""
    body = _body()
    if body is None:
        return jsonify(error="not_an_object"), 400
    try:
        return jsonify(_demo().chat(body))
    except ValueError as refusal:
        return jsonify(error=getattr(refusal, "code", "refused")), 400


@sim.post("/release")
def release() -> tuple[Response, int] | Response:
    """Have a laboratory release a new result, for ``phone`` if given."""
    typed = str((_body() or {}).get("phone") or "")
    phone = read_phone(typed)
    if typed and phone.kind is PhoneKind.UNREADABLE:
        return jsonify(error="phone_unreadable"), 400
    _demo().release(_as_written(phone.e164) if typed else None)
    return jsonify(released=True)


@sim.get("/photo/<token>")
def photo(token: str) -> Response:
    """A picture that the chat sent, while it lives."""
    png = _demo().photos.get(token)
    if png is None:
        abort(404)
    return Response(png, mimetype="image/png")


def _with_e164(person: dict[str, str]) -> dict[str, str]:
    return person | {"phone": read_phone(person["phone"]).e164 or person["phone"]}


def _as_written(e164: str) -> str:
    """The number as the laboratory wrote it, by which it knows the person."""
    written = (person["phone"] for person in _demo().people())
    return next((each for each in written if read_phone(each).e164 == e164), e164)


def _body() -> dict[str, object] | None:
    """The JSON object of the request, whatever content type a script gave it."""
    body = request.get_json(force=True, silent=True)
    return body if isinstance(body, dict) else None
