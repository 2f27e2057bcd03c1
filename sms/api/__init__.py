"""What machines ask for: laboratories push results, anybody checks codes and reads lists.

No cookies, no pages: answers are JSON or the sender's own format, and errors are problem
documents with a code (RFC 9457).
"""

from __future__ import annotations

from flask import Blueprint

from sms.api import description, documents, results, verify

machines = Blueprint("api", __name__, url_prefix="/api")
machines.url_value_preprocessor(results.let_files_in)
machines.url_value_preprocessor(verify.let_pictures_in)
machines.add_url_rule("/openapi.json", view_func=description.openapi)
machines.add_url_rule("/v1/facilities/<code>/results", view_func=results.receive, methods=["POST"])
machines.add_url_rule("/v1/trust-list", view_func=documents.trust_list)
machines.add_url_rule("/v1/revocations", view_func=documents.revocations)
machines.add_url_rule("/v1/revocations/<batch_id>", view_func=documents.batch)
machines.add_url_rule("/v1/rules", view_func=documents.rules)
machines.add_url_rule("/v1/verify", view_func=verify.verify, methods=["POST"])
