"""Render a page in the reader's language, with the words and times that it needs.

Works without cookies: the language comes from a hidden field, ``?lang=``, or the browser.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Response, g, make_response, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from core.certificates.verdict import words_of_reason
from core.citizens.phone import mask_phone
from sms.room import current_room

_STATIC = Path(__file__).parent / "static"


def language() -> str:
    """The reader's language, decided once a request."""
    if "language" not in g:
        wishes = (_form_language(), request.args.get("lang"))
        spoken = request.accept_languages.values()
        g.language = current_room().catalogues.choose(*wishes, *spoken)
    return str(g.language)


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Render in another language for a while."""
    before = language()
    g.language = code
    yield
    g.language = before


def _form_language() -> str | None:
    """The hidden field; a body that is too large or broken has none."""
    try:
        return request.form.get("lang")
    except HTTPException:
        return None


def say(key: str, **data: object) -> str:
    """The message ``key`` in the reader's language."""
    return current_room().catalogues.say(language(), key, **data)


def say_n(key: str, n: int, **data: object) -> str:
    """The message ``key`` in the plural form for ``n``."""
    return current_room().catalogues.say_n(language(), key, n, **data)


def why(reason: str) -> str:
    """The sentence for the reason of a verdict."""
    key, data = words_of_reason(reason)
    return say(key, **data) if has_words(key) else ""


def has_words(key: str) -> bool:
    """Whether the reader's language has a text for ``key``."""
    return current_room().catalogues.has(language(), key)


def show(template: str, status: int = 200, **data: object) -> Response:
    """Render ``template`` as the answer."""
    return make_response(render_template(template, **data), status)


def pdf_file(pdf: bytes, name: str) -> Response:
    """A PDF to be saved under ``name`` (ASCII)."""
    response = Response(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def when(moment: datetime) -> str:
    """Date and time in the place's zone, with the zone's name."""
    local = moment.astimezone(current_room().zone)
    return f"{local:%H:%M %d/%m/%Y} ({zone_name(local)})"


def zone_name(local: datetime) -> str:
    """What people call the zone of ``local``, else its offset."""
    key = f"pages.zone.{current_room().zone.key}"
    return say(key) if has_words(key) else f"UTC{local:%z}"


def day(iso: str) -> str:
    """A recorded date of birth, possibly partial, day first: ``1990-03-05`` → ``05/03/1990``."""
    return "/".join(reversed(iso.split("-")))


def href(path: str) -> str:
    """An address of ours that keeps a chosen language."""
    chosen = request.args.get("lang") or _form_language()
    return f"{path}?lang={language()}" if chosen else path


def here(code: str) -> str:
    """This page in another language; a step of a visit can only begin anew."""
    return f"{'/' if request.path == '/open' else request.path}?lang={code}"


def other_languages() -> list[str]:
    """Every language but the reader's."""
    return [code for code in current_room().catalogues.languages if code != language()]


def in_language(code: str) -> str:
    """What a language calls itself."""
    return current_room().catalogues.say(code, "pages.language")


@lru_cache(maxsize=8)
def _fingerprint(filename: str) -> str:
    return sha256((_STATIC / filename).read_bytes()).hexdigest()[:12]


def static_file(filename: str) -> str:
    """Address of a static file that changes with its content, so that it may be kept for long."""
    return url_for("static", filename=filename, v=_fingerprint(filename))


WORDS = {
    "masked_phone": mask_phone,
    "t": say,
    "tn": say_n,
    "why": why,
    "has_words": has_words,
    "when": when,
    "day": day,
    "static_file": static_file,
    "language": language,
    "href": href,
    "here": here,
    "other_languages": other_languages,
    "in_language": in_language,
}
"""What every template may call."""
