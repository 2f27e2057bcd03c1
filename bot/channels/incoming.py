"""A request of the chat simulator, read: who says what, as an ``Update`` of Telegram.

A request that can't be read is refused with a code; the edge answers it with status 400.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

CHANNELS: Final = ("telegram", "zalo")
_WAYS: Final = ("text", "button", "contact", "image")
_LONGEST_USER = 100


class ChatRequestRefused(ValueError):
    """A request that can't be played.

    Args:
        code: ``bad_user``, ``bad_channel``, ``say_one_thing``, ``bad_image``,
            ``unknown_button`` or ``share_with_contact``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What one user does: exactly one of ``text``, ``button``, ``contact`` and ``image``."""

    user: str
    channel: str
    way: str
    said: str

    @property
    def user_id(self) -> int:
        """A stable number for the user, 63 bits."""
        digest = sha256(self.user.encode("utf-8", "surrogatepass")).digest()
        return (int.from_bytes(digest[:8]) >> 1) or 1


def read_request(request: Mapping[str, Any]) -> ChatRequest:
    """Read a request of the form ``{"user", "channel", "text"|"button"|"contact"|"image"}``.

    Raises:
        ChatRequestRefused: it has another form.
    """
    user, channel = request.get("user"), request.get("channel", "telegram")
    if not isinstance(user, str) or not 0 < len(user) <= _LONGEST_USER:
        raise ChatRequestRefused("bad_user")
    if channel not in CHANNELS:
        raise ChatRequestRefused("bad_channel")
    said = [(way, request[way]) for way in _WAYS if request.get(way) is not None]
    if len(said) != 1 or not isinstance(said[0][1], str) or not said[0][1]:
        raise ChatRequestRefused("say_one_thing")
    return ChatRequest(user, channel, *said[0])


def read_image(base64: str) -> bytes:
    """The bytes of an image. Raises: ChatRequestRefused."""
    try:
        return b64decode(base64.partition("base64,")[2] or base64, validate=True)
    except (binascii.Error, ValueError):
        raise ChatRequestRefused("bad_image") from None


def text_update(number: int, seconds: int, user_id: int, text: str) -> dict[str, Any]:
    """A typed message.

    Args:
        number: Of the update and the message, rising.
        seconds: Unix time.
    """
    return _message(number, seconds, user_id, {"text": text})


def contact_update(number: int, seconds: int, user_id: int, phone: str) -> dict[str, Any]:
    """The user's own number, shared with a button."""
    contact = {"phone_number": phone, "first_name": "•", "user_id": user_id}
    return _message(number, seconds, user_id, {"contact": contact})


def photo_update(
    number: int, seconds: int, user_id: int, file_id: str, size: int
) -> dict[str, Any]:
    """A photo that waits to be loaded as ``file_id``."""
    photo = {"file_id": file_id, "file_unique_id": file_id, "width": 1, "height": 1}
    return _message(number, seconds, user_id, {"photo": [{**photo, "file_size": size}]})


def press_update(number: int, seconds: int, user_id: int, data: str) -> dict[str, Any]:
    """A pressed button below a message."""
    message = _message(number, seconds, user_id, {"text": "•"})["message"]
    query = {
        "id": f"{user_id}:{number}",  # the screen finds the chat in it
        "from": _person(user_id),
        "chat_instance": "-",
        "message": message,
        "data": data,
    }
    return {"update_id": number, "callback_query": query}


def _message(number: int, seconds: int, user_id: int, content: dict[str, Any]) -> dict[str, Any]:
    frame = {
        "message_id": number,
        "date": seconds,
        "chat": {"id": user_id, "type": "private"},
        "from": _person(user_id),
    }
    return {"update_id": number, "message": frame | content}


def _person(user_id: int) -> dict[str, Any]:
    return {"id": user_id, "is_bot": False, "first_name": "•", "language_code": "vi"}
