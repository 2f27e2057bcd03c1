"""When something broke: an apology and a way on, never a traceback.

What broke goes to the log by its kind only; an exception's text could hold a person's data.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from aiogram.exceptions import TelegramAPIError
from aiogram.types import ErrorEvent

from bot.conversations.states import Step
from bot.conversations.talk import talk_of

_log = logging.getLogger(__name__)


async def apologise(event: ErrorEvent, **data: Any) -> None:  # noqa: ANN401  (aiogram's data)
    """Say that it did not work and that nothing is lost."""
    broken = event.exception
    _log.error("update %s: %s", event.update.update_id, _place(broken))
    if isinstance(broken, TelegramAPIError):
        return  # what can't be sent can't be apologised for either
    talk = data.get("talk") or talk_of(data)
    with suppress(TelegramAPIError):
        menu = talk.button("chat.button.menu", Step.MENU)
        await talk.tell(talk.say("chat.trouble"), [[menu]])


def _place(broken: BaseException) -> str:
    """Kind of an exception and where it was raised."""
    step = broken.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    where = f"{step.tb_frame.f_code.co_filename}:{step.tb_lineno}" if step else "nowhere"
    return f"{type(broken).__name__} at {where}"
