"""What was scanned or pasted in the console: the text of a form's field, or of its picture."""

from __future__ import annotations

from flask import request

from core.certificates.decode import Malformed
from core.certificates.scan import read_codes
from core.citizens.identity import LONGEST, read_identity


def scanned(field: str) -> str:
    """The text of an uploaded picture's code, an identity's first, else what was pasted.

    Nothing where the picture has no code.
    """
    picture = request.files.get("picture")
    data = picture.read() if picture else b""
    if not data:
        return request.form.get(field, "").strip()[: LONGEST + 1]
    texts = read_codes(data)
    if isinstance(texts, Malformed):
        return ""
    return next((text for text in texts if read_identity(text)), texts[0])
