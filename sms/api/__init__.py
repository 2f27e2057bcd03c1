"""What machines ask for: laboratories push results, anybody reads how.

No cookies, no pages: answers are JSON or the sender's own format, and errors are problem
documents with a code (RFC 9457).
"""

from __future__ import annotations

from flask import Blueprint

from sms.api import description, results

machines = Blueprint("api", __name__, url_prefix="/api")
machines.url_value_preprocessor(results.let_files_in)
machines.add_url_rule("/openapi.json", view_func=description.openapi)
machines.add_url_rule("/v1/facilities/<code>/results", view_func=results.receive, methods=["POST"])
