"""Checking a QR code: a photo, a file or pasted text gets the checkpoint's verdict.

A picture or a pasted ``HC1:`` or ``KQ1:`` text is checked in every state, and leaves it as it was.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Final

from aiogram import F, Router
from aiogram.exceptions import AiogramError
from aiogram.filters import Command, or_f
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Document, Message, PhotoSize
from aiohttp import ClientError

from bot.conversations import views
from bot.conversations.states import Go, Step, Verify
from bot.conversations.talk import Buttons, Talk
from bot.conversations.words import Typed
from core.certificates.decode import PREFIXES
from core.certificates.verdict import Verdict

LARGEST_FILE: Final = 10 * 1024 * 1024  # bytes, as on the web page
_DOWNLOAD_SECONDS = 30


def build() -> Router:
    """The router."""
    router = Router(name="verify")
    router.callback_query.register(ask_for_certificate, Go.filter(F.to == Step.VERIFY))
    router.message.register(ask_for_certificate, or_f(Command("verify"), Typed("verify")))
    router.message.register(check_picture, F.photo | F.document)
    router.message.register(check_text, or_f(*map(F.text.contains, PREFIXES)))
    router.message.register(check_text, Verify.awaiting_certificate, F.text)
    router.message.register(ask_for_certificate, Verify.awaiting_certificate)
    return router


async def ask_for_certificate(
    _event: Message | CallbackQuery, state: FSMContext, talk: Talk
) -> None:
    """Ask for a photo of the code or its text."""
    await state.set_state(Verify.awaiting_certificate)
    await talk.tell(talk.say("chat.verify.ask"), [[talk.button("chat.button.menu", Step.MENU)]])


async def check_text(message: Message, talk: Talk) -> None:
    """Check pasted text, from where the code begins."""
    text = message.text or ""
    start = min((text.find(prefix) for prefix in PREFIXES if prefix in text), default=0)
    verdict = await asyncio.to_thread(talk.room.checkpoint.check_text, text[start:])
    await _say(verdict, talk)


async def check_picture(message: Message, talk: Talk) -> None:
    """Check the code in a photo, or in a picture sent as a file."""
    file = message.photo[-1] if message.photo else message.document  # the largest comes last
    if file is None or (file.file_size or 0) > LARGEST_FILE:
        await talk.tell(talk.say("chat.verify.too_large"), _again(talk))
        return
    data = await _download(talk, file)
    if data is None:
        await talk.tell(talk.say("chat.verify.not_loaded"), _again(talk))
        return
    await _say(await asyncio.to_thread(talk.room.checkpoint.check_image, data), talk)


async def _download(talk: Talk, file: PhotoSize | Document) -> bytes | None:
    content = BytesIO()
    try:
        await talk.bot.download(file, content, timeout=_DOWNLOAD_SECONDS)
    except (AiogramError, ClientError, TimeoutError):
        return None
    return content.getvalue()


async def _say(verdict: Verdict, talk: Talk) -> None:
    await talk.tell(views.verdict_text(talk, verdict), _again(talk))


def _again(talk: Talk) -> Buttons:
    return [
        [talk.button("chat.button.verify_another", Step.VERIFY)],
        [talk.button("chat.button.menu", Step.MENU)],
    ]
