"""A publisher of signed lists in the form that docs/verifying.md describes, under real keys.

It stands before the application and answers for ``/api/v1/trust-list``, ``/revocations`` and
``/rules``, so that tests decide what is published, by whom, and when.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from werkzeug.wrappers import Request, Response

from core.certificates.authority import CertifiedKey, create_dsc
from tests.sms.verify.cascade import cascade
from tests.sms.verify.rule_sets import DEFAULT_SET

LIST_USAGE = "2.25.286098190206563398434837120553512283901"
PREFIX = "/api/v1/"
Wsgi = Callable[..., Iterable[bytes]]


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(
    name: str,
    content: dict[str, Any],
    signer: CertifiedKey,
    *,
    header: dict[str, Any] | None = None,
) -> str:
    """A compact JWS; ``header`` changes members of its header."""
    head = {"alg": "ES256", "typ": f"ketqua-{name}", "x5c": [b64encode(signer.der).decode()]}
    parts = [json.dumps(part).encode() for part in (head | (header or {}), content)]
    text = ".".join(map(base64url, parts))
    return f"{text}.{base64url(signer.signer().sign(text.encode()))}"


def hashes(uvci: str, country: str, signature: bytes) -> dict[str, bytes]:
    """The three revocation hashes of an ES256 certificate."""
    texts = {
        "uvci": uvci.encode(),
        "country_uvci": f"{country}{uvci}".encode(),
        "signature": signature[: len(signature) // 2],
    }
    return {kind: sha256(text).digest()[:16] for kind, text in texts.items()}


@dataclass
class Publisher:
    """What is published now."""

    csca: CertifiedKey
    signer: CertifiedKey
    tokens: dict[str, str] = field(default_factory=dict)
    batches: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, csca: CertifiedKey, now: datetime) -> Publisher:
        since = now - timedelta(days=5)
        return cls(csca, create_dsc(csca, "Sở Y tế", not_before=since, usages=(LIST_USAGE,)))

    def publish(
        self,
        name: str,
        *,
        version: int = 1,
        issued: timedelta = timedelta(minutes=-12),
        life: timedelta = timedelta(hours=24),
        **content: Any,
    ) -> str:
        """Sign a list and serve it.

        Args:
            issued: From now; ``life`` is from then.
        """
        iat = datetime.now(UTC) + issued
        times = {"iat": int(iat.timestamp()), "exp": int((iat + life).timestamp())}
        written = {"version": version, **times, "iss": "Sở Y tế", **content}
        self.tokens[name] = signed(name, written, self.signer)
        return self.tokens[name]

    def publish_trust(self, *own: CertifiedKey, others: Iterable[bytes] = (), **more: Any) -> None:
        entries = [_entry(key.der, own=True) for key in own]
        entries += [_entry(der, own=False) for der in others]
        self.publish("trust-list", certificates=entries, **more)

    def publish_rules(self, *more_sets: dict[str, Any], **more: Any) -> None:
        self.publish("rules", rule_sets=[DEFAULT_SET, *more_sets], value_sets={}, **more)

    def publish_revocations(
        self,
        revoked: Iterable[bytes] = (),
        live: Iterable[bytes] = (),
        *,
        kids: Iterable[bytes] = (),
        batches: Iterable[tuple[str, list[bytes]]] = (),
        **more: Any,
    ) -> None:
        """Args: batches: kind and entries of each; they are listed for every kid."""
        listed = [self._batch(kind, entries) for kind, entries in batches]
        content: dict[str, Any] = {
            "kids": [b64encode(kid).decode() for kid in kids],
            "filter": cascade(list(revoked), list(live)),
            "batches": listed,
        }
        self.publish("revocations", **content, **more)

    def publish_all(self, *own: CertifiedKey, **more: Any) -> None:
        self.publish_trust(*own, **more)
        self.publish_revocations(**more)
        self.publish_rules(**more)

    def _batch(self, kind: str, entries: list[bytes]) -> dict[str, object]:
        data = b"".join(sorted(entries))
        name = sha256(data).digest()[:16].hex()
        self.batches[name] = data
        return {"id": name, "kid": None, "type": kind, "count": len(entries)}

    def before(self, app: Wsgi) -> Wsgi:
        """Answer for the lists, and leave the rest to ``app``."""

        def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            path = Request(environ).path
            if not path.startswith(PREFIX):
                return app(environ, start_response)
            self.asked.append(path.removeprefix(PREFIX))
            return self._answer(path.removeprefix(PREFIX))(environ, start_response)

        return serve

    def _answer(self, name: str) -> Response:
        batch = self.batches.get(name.removeprefix("revocations/"))
        if name not in self.tokens and batch is None:
            return Response(status=404)
        response = Response(self.tokens.get(name, batch), content_type="application/jose")
        response.headers["Cache-Control"] = "public, max-age=300"
        response.add_etag()
        return response


def _entry(der: bytes, *, own: bool) -> dict[str, object]:
    kid = b64encode(sha256(der).digest()[:8]).decode()
    return {"kid": kid, "der": b64encode(der).decode(), **({"own": True} if own else {})}
