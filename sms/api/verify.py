"""``POST /api/v1/verify``: a partner's program shows a code, and gets the verdict as JSON.

The same document as ``ketqua verify --json``, revocations and corrections included. A rule is
applied only with ``?place=``, and a limit per visitor address holds.
"""

from __future__ import annotations

from flask import Response, jsonify, request
from werkzeug.exceptions import BadRequest

from core.certificates.checkpoint import Checkpoint
from core.certificates.scan import MAX_BYTES
from core.certificates.verdict import Verdict
from sms.api.problem import problem
from sms.room import current_room

_LARGEST_JSON = 32 * 1024  # bytes; a text may have 8,192 characters


def let_pictures_in(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Set the limit of a body, before anything reads it."""
    if endpoint and endpoint.endswith(".verify"):
        is_picture = request.mimetype.startswith("image/")
        request.max_content_length = MAX_BYTES if is_picture else _LARGEST_JSON


def verify() -> Response:
    """Judge ``{"text": "HC1:…"}``, or the picture that is the body."""
    room = current_room()
    wait = room.verify_limit.wait(request.remote_addr or "", room.clock())
    if wait:
        refused = problem(429, "too_many_checks")
        refused.headers["Retry-After"] = str(wait)
        return refused
    place = request.args.get("place", "").upper() or None
    places = {each.place for each in room.checkpoint.rules.places(room.clock())}
    if place is not None and place not in places:
        return problem(400, "unknown_place")
    return _judged(room.checkpoint, place)


def _judged(checkpoint: Checkpoint, place: str | None) -> Response:
    if request.mimetype.startswith("image/"):
        return _answer(checkpoint.check_image(request.get_data(cache=False), place=place))
    if request.mimetype != "application/json":
        return problem(415, "media_type_verify")
    text = _text()
    return _answer(checkpoint.check_text(text, place=place)) if text else problem(400, "no_text")


def _text() -> str:
    try:
        document = request.get_json(cache=False)
    except (BadRequest, RecursionError):
        return ""
    text = document.get("text") if isinstance(document, dict) else None
    return text if isinstance(text, str) else ""


def _answer(verdict: Verdict) -> Response:
    answer: Response = jsonify(verdict.to_json())
    return answer
