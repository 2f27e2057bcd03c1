"""``POST /api/v1/facilities/{code}/results``: a laboratory pushes what it released.

Rules: 200 means that everything that was sent is stored and accounted for, also what waits
for people; the account says which. Anything else means that nothing is known to be stored and
the push may be sent again. A key opens its own facility only.
"""

from __future__ import annotations

import re
from typing import Final

from flask import Response, request

from core.feeds.push import PushKey
from core.feeds.pushing import Reused
from core.messages.findings import explain
from core.results.facility import Facility
from core.results.intake import IntakeReport
from core.results.reported import Finding
from sms.api.problem import problem
from sms.page import language
from sms.room import current_room

_FORMATS: Final = {
    "": "auto",
    "application/octet-stream": "auto",
    "application/gzip": "auto",
    "application/fhir+json": "fhir",
    "application/json": "fhir",
    "application/fhir+ndjson": "fhir",
    "application/ndjson": "fhir",
    "application/x-ndjson": "fhir",
    "application/hl7-v2": "hl7v2",
    "application/hl7-v2+er7": "hl7v2",
    "x-application/hl7-v2+er7": "hl7v2",
    "application/edi-hl7": "hl7v2",
    "application/edi-hl7v2": "hl7v2",
    "text/hl7v2": "hl7v2",
    "text/csv": "csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/xml": "xml4",
    "text/xml": "xml4",
}
_ENCODINGS: Final = frozenset({"", "identity", "gzip"})
_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")
_ACCOUNT: Final = "application/json"


def let_files_in(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Raise the limit of a body, before anything reads it."""
    if endpoint and endpoint.endswith(".receive"):
        request.max_content_length = current_room().laboratories.largest


def receive(code: str) -> Response:
    """Take in a push and answer with its account, in the format that the sender accepts."""
    known = current_room().laboratories.pushing.whose(_bearer())
    if known is None:
        return problem(401, "key_refused")
    facility, key = known
    if facility.code != code.upper():
        return problem(403, "other_facility")
    wanted = _FORMATS.get(request.mimetype)
    if wanted is None or request.headers.get("Content-Encoding", "").lower() not in _ENCODINGS:
        return problem(415, "media_type")
    repeats = request.headers.get("Idempotency-Key", "")
    if repeats and not _IDEMPOTENCY_KEY.fullmatch(repeats):
        return problem(400, "idempotency_key")
    return _take_in(facility, key, wanted, repeats)


def _take_in(facility: Facility, key: PushKey, wanted: str, repeats: str) -> Response:
    pushing = current_room().laboratories.pushing
    body = request.get_data(cache=False)
    if not body:
        return problem(400, "empty_body")
    taken = pushing.receive(
        body, facility, key, source="push", format=wanted, idempotency_key=repeats
    )
    if isinstance(taken, Reused):
        return problem(409, "idempotency_key_reused")
    return _answer(body, taken)


def _answer(body: bytes, report: IntakeReport) -> Response:
    """The account, or the sender's own format where the sender asks for it."""
    answers = current_room().laboratories.push_answers
    chosen = request.accept_mimetypes.best_match([_ACCOUNT, *answers], _ACCOUNT)
    if request.accept_mimetypes.provided and "*/*" in request.accept_mimetypes.values():
        chosen = _ACCOUNT
    write = answers.get(chosen) or answers[_ACCOUNT]
    spoken = language()

    def told(finding: Finding) -> tuple[str, str]:
        return explain(current_room().catalogues, spoken, finding)

    return Response(write(body, report, told), content_type=f"{chosen}; charset=utf-8")


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
