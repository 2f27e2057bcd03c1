"""What makes the officer's page an app that works without a network.

Its settings with every text, the manifest, and the service worker's script with the list of what
it keeps. That list has a version of its own: whenever a page, a text, a file or the anchor
changes, the script changes, and browsers fetch everything anew, together.
Source: Web Application Manifest; Service Workers.
"""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from flask import Response, current_app, jsonify, render_template, url_for

from core.certificates.verdict import VerdictWord
from sms.page import language, say, speaking, static_file, zone_name
from sms.room import current_room

TONES = {
    VerdictWord.VALID: "yes",
    VerdictWord.EXPIRED: "wait",
    VerdictWord.NOT_YET_VALID: "wait",
    VerdictWord.CORRECTED: "wait",
}
"""Colour and icon; every other verdict is red."""

SCOPE = "/verify"
_TEXTS = (
    "verdicts.word.",
    "verdicts.sentence.",
    "verdicts.reason.",
    "verdicts.step.",
    "verdicts.label.",
    "verdicts.outcome.",
    "verdicts.test_type.",
    "verdicts.check_photo_id",
    "pages.verify.",
    "pages.result.until",
)
_FILES = ("page.js", "checker.js", "zxing_reader.wasm.gz", "verify.css")
_ICONS = (("icon-192.png", "192x192"), ("icon-512.png", "512x512"))


def settings() -> Response:
    """Texts, addresses and anchors for the page's script."""
    room = current_room()
    return jsonify(
        language=language(),
        zone=room.zone.key,
        zone_name=zone_name(room.clock().astimezone(room.zone)),
        words=room.catalogues.under(language(), *_TEXTS),
        tones=TONES,
        anchors=[b64encode(der).decode() for der in room.anchors()],
        interface="/api/v1/",
        checker=_file("checker.js"),
        wasm=_file("zxing_reader.wasm.gz"),
        service_worker=url_for("officers.service_worker"),
    )


def manifest() -> Response:
    """What a phone needs to put the page among its apps."""
    described = {
        "name": say("pages.verify.app"),
        "short_name": say("pages.verify.app_short"),
        "lang": language(),
        "start_url": f"{SCOPE}?lang={language()}",
        "scope": SCOPE,
        "display": "standalone",
        "background_color": "#f4f7f6",
        "theme_color": "#075e54",
        "icons": [
            {"src": _file(name), "sizes": sizes, "type": "image/png", "purpose": "any maskable"}
            for name, sizes in _ICONS
        ],
    }
    return Response(json.dumps(described), mimetype="application/manifest+json")


def service_worker() -> Response:
    """The script that keeps the page, told what to keep."""
    kept = {"version": _version(), "pages": _pages(), "files": _files()}
    script = Path(current_app.static_folder or "", "verify", "service_worker.js").read_text("utf-8")
    response = Response(f"self.KEPT={json.dumps(kept)};\n{script}", mimetype="text/javascript")
    response.headers["Service-Worker-Allowed"] = SCOPE
    return response


def _file(name: str) -> str:
    return static_file(f"verify/{name}")


def _files() -> list[str]:
    icons = [_file(name) for name, _ in _ICONS]
    return [static_file("style.css"), *(_file(name) for name in _FILES), *icons]


def _pages() -> list[str]:
    spoken = current_room().catalogues.languages
    chosen = [f"{path}?lang={code}" for code in spoken for path in (SCOPE, settings_path())]
    return [SCOPE, *chosen]


def settings_path() -> str:
    """Address of the settings, without a language."""
    return url_for("officers.settings")


def _version() -> str:
    """Changes with everything that is kept."""
    parts = [*_files()]
    for code in current_room().catalogues.languages:
        with speaking(code):
            parts += [render_template("verify.html"), settings().get_data(as_text=True)]
    return sha256("\n".join(parts).encode()).hexdigest()[:16]
