"""For the machines that watch: alive, ready, and counters without anybody in them."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest

from sms.room import current_room

health = Blueprint("health", __name__)


@health.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return Response("ok", mimetype="text/plain")


@health.get("/readyz")
def ready() -> tuple[Response, int]:
    """Each check by name; 503 when one fails."""
    checks = current_room().ready()
    return jsonify(checks), 200 if all(checks.values()) else 503


@health.get("/metrics")
def metrics() -> Response:
    """Counters in Prometheus' text format."""
    text = generate_latest(current_room().metrics_registry)
    return Response(text, content_type=CONTENT_TYPE_LATEST)


def count_answers(app: Flask, registry: CollectorRegistry) -> None:
    """Count answers by page and status; the page is a name of ours, never an address."""
    answers = Counter(
        "ketqua_web_answers", "Answers by page and status", ["page", "status"], registry=registry
    )

    def count(response: Response) -> Response:
        answers.labels(request.endpoint or "none", str(response.status_code)).inc()
        return response

    app.after_request(count)
