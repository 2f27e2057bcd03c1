"""The OpenAPI description of what machines may ask."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from flask import Response

from sms.room import current_room

_FILE = Path(__file__).with_name("openapi.json")


def openapi() -> Response:
    """The description, with this installation as its server."""
    return Response(_written(current_room().base_url), content_type="application/json")


@cache
def _written(base_url: str) -> str:
    description = json.loads(_FILE.read_text(encoding="utf-8"))
    description["servers"] = [{"url": base_url}]
    return json.dumps(description, ensure_ascii=False)
