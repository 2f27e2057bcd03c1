"""Take what was pasted or uploaded, and show what the checkpoint says of it.

A limit per visitor address holds, together with ``POST /api/v1/verify``.
"""

from __future__ import annotations

from flask import Response, request

from core.certificates.scan import MAX_BYTES
from core.certificates.verdict import Verdict
from sms.errors import error_page
from sms.page import say, show
from sms.room import current_room
from sms.verify.offline import TONES

_ROOM_FOR_THE_FORM = 64 * 1024


def let_pictures_in(_endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Raise the limit of a body, before anything reads the form."""
    request.max_content_length = MAX_BYTES + _ROOM_FOR_THE_FORM


def ask() -> Response:
    """The empty form."""
    return show("verify.html")


def check() -> Response:
    """Judge the picture, else the text; not more often than the visitor may ask."""
    room = current_room()
    wait = room.verify_limit.wait(request.remote_addr or "", room.clock())
    if wait:
        refused = error_page(429, way_on="/verify")
        refused.headers["Retry-After"] = str(wait)
        return refused
    picture = request.files.get("picture")
    data = picture.read() if picture else b""
    text = request.form.get("text", "").strip()
    checkpoint = room.checkpoint
    if data:
        return _page(checkpoint.check_image(data))
    if text:
        return _page(checkpoint.check_text(text))
    return show("verify.html", 422, error=say("pages.verify.empty"))


def _page(verdict: Verdict) -> Response:
    tone = TONES.get(verdict.verdict, "no")
    claims = verdict.claims if verdict.is_valid else None
    return show("verdict.html", verdict=verdict, tone=tone, claims=claims)
