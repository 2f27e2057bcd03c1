"""``GET /api/v1/trust-list``, ``/revocations`` and ``/rules``: static signed documents.

Served byte for byte as they were signed, to everybody, without a cookie; a cache may keep them
for five minutes, a batch of hashes for a year, because its name is made from what it holds.
Source: RFC 9110 sections 8.8.3 and 13.1.2 (ETag, If-None-Match); RFC 8246 (immutable).
"""

from __future__ import annotations

from flask import Response, request

from core.certificates.documents import MEDIA_TYPE, DocumentType
from sms.api.problem import problem
from sms.room import current_room

_FIVE_MINUTES = "public, max-age=300"
_A_YEAR = "public, max-age=31536000, immutable"


def trust_list() -> Response:
    """Whose certificates are trusted."""
    return _document(DocumentType.TRUST_LIST)


def revocations() -> Response:
    """What was revoked."""
    return _document(DocumentType.REVOCATIONS)


def rules() -> Response:
    """What places ask for."""
    return _document(DocumentType.RULES)


def batch(batch_id: str) -> Response:
    """The hashes of one batch."""
    hashes = current_room().publications.batch(batch_id)
    if hashes is None:
        return problem(404, "http_404")
    return _public(Response(hashes, content_type="application/octet-stream"), batch_id, _A_YEAR)


def _document(kind: DocumentType) -> Response:
    published = current_room().publications.latest(kind)
    if published is None:
        return problem(503, "not_published")
    return _public(Response(published.text, content_type=MEDIA_TYPE), published.etag, _FIVE_MINUTES)


def _public(response: Response, etag: str, keep: str) -> Response:
    """Let everybody read and keep it, from any page; 304 where the reader has it already."""
    response.set_etag(etag)
    response.headers["Cache-Control"] = keep
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "ETag"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.make_conditional(request.environ)
    return response
