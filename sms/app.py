"""Build the web application from its room."""

from __future__ import annotations

import hmac
from pathlib import Path

from flask import Flask

from sms.api import machines
from sms.errors import QuietFlask, explain_errors
from sms.guard import protect, refuse_control_characters
from sms.health import count_answers, health
from sms.page import WORDS
from sms.pages import citizens
from sms.room import DemoRoom, WebRoom, furnish
from sms.sim.routes import sim
from sms.staff import console
from sms.staff.csrf import csrf
from sms.verify import officers

__all__ = ["DemoRoom", "WebRoom", "create_app"]

_ORDINARY_BODY = 64 * 1024  # a form of ours has a few hundred bytes; pictures are let in by name


def create_app(room: WebRoom) -> Flask:
    """The application with every page; serve it with any WSGI server."""
    app = QuietFlask("sms", root_path=str(Path(__file__).parent))
    app.config.from_mapping(_settings(room))
    app.jinja_env.globals.update(WORDS, demo=room.demo is not None)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    furnish(app.extensions, room)
    protect(app, demo=room.demo is not None)
    count_answers(app, room.metrics_registry)
    explain_errors(app)
    app.before_request(refuse_control_characters)
    csrf.init_app(app)
    for blueprint in (health, citizens, officers, console, machines):
        app.register_blueprint(blueprint)
    if room.demo:
        app.register_blueprint(sim)
    return app


def _settings(room: WebRoom) -> dict[str, object]:
    return {
        "SECRET_KEY": hmac.digest(room.secret, b"flask", "sha256"),
        "MAX_CONTENT_LENGTH": _ORDINARY_BODY,
        "SESSION_COOKIE_NAME": "console_form",
        "SESSION_COOKIE_PATH": "/staff",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Strict",
        "SESSION_COOKIE_SECURE": room.demo is None,
        "WTF_CSRF_CHECK_DEFAULT": False,  # citizens have tickets instead of cookies
        "WTF_CSRF_SSL_STRICT": False,  # we send no Referer; SameSite=Strict and the token hold
        "WTF_CSRF_TIME_LIMIT": 3600,
    }
