"""The officer's page: paste or upload what somebody shows, get one verdict.

The place's rule is always applied, so a positive is never green; personal data appear only
where the verdict vouches for them. ``routes`` is the form, judged here; with JavaScript the page
judges by itself, without a network too: ``offline`` serves it, ``engine/`` has its sources.
"""

from __future__ import annotations

from flask import Blueprint

from sms.verify import offline, routes

officers = Blueprint("officers", __name__)
officers.url_value_preprocessor(routes.let_pictures_in)
officers.add_url_rule("/verify", view_func=routes.ask, methods=["GET"])
officers.add_url_rule("/verify", view_func=routes.check, methods=["POST"])
officers.add_url_rule("/verify/settings.json", view_func=offline.settings)
officers.add_url_rule("/verify/manifest.webmanifest", view_func=offline.manifest)
officers.add_url_rule("/verify/service-worker.js", view_func=offline.service_worker)
