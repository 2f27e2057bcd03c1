"""The demo's chats: the real conversations, drawn instead of sent.

It runs an event loop of its own in a thread, so that the synchronous web side can call it.
In the manner of Zalo there are no buttons: they are numbered lines, and a typed number
presses one; a phone is typed, not shared. Who a chat belongs to is remembered, because a
letter may come to somebody who has not written since the last start.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from aiogram import Bot, Dispatcher
from aiogram.types import Update

from bot.channels import incoming
from bot.channels.gateway import ChatGateway
from bot.channels.incoming import ChatRequest, ChatRequestRefused, read_image, read_request
from bot.channels.screen import Button, NoSuchChat, ScreenSession, Shown
from core.ports import Clock, ConversationMemory

_ANSWER_WITHIN = 60.0  # seconds
_REMEMBERED = 30  # messages whose buttons can still be pressed
_BOTS: Final = {"telegram": "1:simulated", "zalo": "2:simulated"}
# What the exchange at hand is answered with; letters come outside of any.
_replies: ContextVar[list[dict[str, Any]] | None] = ContextVar("replies", default=None)


@dataclass(slots=True)
class _Chat:
    """One user's screen on one channel."""

    user: str
    channel: str
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    keyboards: deque[tuple[Button, ...]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def find(self, label: str) -> Button | None:
        """The newest button with this label."""
        shown = (button for keyboard in reversed(self.keyboards) for button in keyboard)
        return next((button for button in shown if button.label == label), None)

    def numbered(self, typed: str) -> Button | None:
        """The button of the newest list that a typed number means."""
        newest = self.keyboards[-1] if self.keyboards else ()
        numbers = {str(number): button for number, button in enumerate(newest, 1)}
        return numbers.get(typed.strip())


class ChatSimulator:
    """Plays citizens' chats.

    Args:
        make_dispatcher: Builds the conversations; called once, in the simulator's own loop.
        record: Told of every message: ``to``, ``channel``, ``text`` and ``photo`` (or None).
        keep_photo: Keeps a picture for a while; returns its URL.
        users: Remembers by its number who a chat belongs to.
    """

    def __init__(
        self,
        make_dispatcher: Callable[[], Dispatcher],
        *,
        record: Callable[..., None],
        keep_photo: Callable[[bytes], str],
        users: ConversationMemory,
        clock: Clock,
    ) -> None:
        self._make_dispatcher = make_dispatcher
        self._record = record
        self._keep_photo = keep_photo
        self._users = users
        self._clock = clock
        self._numbers = count(1)
        self._chats: dict[tuple[str, int], _Chat] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chat-simulator")
        self._thread.daemon = True

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()
        self._call(self._open())

    def stop(self) -> None:
        """Let running conversations end, then end."""
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def exchange(self, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Do what a user does, and return what their screen shows then.

        May be called from any thread; one user's messages are handled one after another.

        Args:
            request: ``{"user", "channel", "text"|"button"|"contact"|"image"}``.

        Returns:
            ``[{"text", "buttons": [label…], "photo": URL}]``, ``photo`` only where there is one.

        Raises:
            ChatRequestRefused: the request can't be played; it has a ``code``.
        """
        replies: list[dict[str, Any]] = self._call(self._exchange(read_request(request)))
        return replies

    def gateway(self, channel: str, closed: Callable[[str], object]) -> ChatGateway:
        """How letters reach the chats of ``channel``, once the simulator has started."""
        return ChatGateway(self._bots[channel], self._loop, closed)

    def _call(self, work: Any) -> Any:  # noqa: ANN401  (a coroutine and what it returns)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_ANSWER_WITHIN)

    async def _open(self) -> None:
        self._dispatcher = self._make_dispatcher()
        self._sessions = {channel: self._session(channel) for channel in _BOTS}
        self._bots = {
            channel: Bot(token, session=self._sessions[channel]) for channel, token in _BOTS.items()
        }

    async def _close(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=_ANSWER_WITHIN / 2)
        await self._dispatcher.emit_shutdown()

    def _session(self, channel: str) -> ScreenSession:
        def show(chat_id: int, shown: Shown) -> None:
            self._show(self._chats.get((channel, chat_id)) or self._recall(channel, chat_id), shown)

        return ScreenSession(f"{channel}_demo", show, self._clock)

    async def _exchange(self, request: ChatRequest) -> list[dict[str, Any]]:
        place = (request.channel, request.user_id)
        if place not in self._chats:
            await asyncio.to_thread(self._remember, request)
        chat = self._chats.setdefault(place, _Chat(request.user, request.channel))
        async with chat.turn:
            replies: list[dict[str, Any]] = []
            _replies.set(replies)  # seen by what this task starts, and by nobody else
            bot = self._bots[request.channel]
            update = Update.model_validate(self._update(request, chat), context={"bot": bot})
            await self._dispatcher.feed_update(bot, update, channel=request.channel)
            return replies

    def _remember(self, request: ChatRequest) -> None:
        name = _memory_name(request.channel, request.user_id)
        self._users.keep(name, None, request.user.encode("utf-8", "surrogatepass"), self._clock())

    def _recall(self, channel: str, chat_id: int) -> _Chat:
        """The chat of somebody who wrote before the last start. Raises: NoSuchChat."""
        kept = self._users.load(_memory_name(channel, chat_id))
        if kept is None:
            raise NoSuchChat
        user = kept[1].decode("utf-8", "surrogatepass")
        return self._chats.setdefault((channel, chat_id), _Chat(user, channel))

    def _update(self, request: ChatRequest, chat: _Chat) -> dict[str, Any]:
        number, seconds = next(self._numbers), int(self._clock().timestamp())
        place = (number, seconds, request.user_id)
        if request.way == "image":
            content, name = read_image(request.said), f"photo-{number}"
            self._sessions[request.channel].offer_file(name, content)
            return incoming.photo_update(*place, name, len(content))
        if request.way == "contact" and request.channel == "telegram":
            return incoming.contact_update(*place, request.said)
        button = _pressed(request, chat)
        if button is not None and button.data is not None:
            return incoming.press_update(*place, button.data)
        return incoming.text_update(*place, button.label if button else request.said)

    def _show(self, chat: _Chat, shown: Shown) -> None:
        """Draw a message in the manner of the channel, and have it recorded."""
        buttons, text = shown.buttons, shown.text
        if chat.channel == "zalo":
            buttons = tuple(button for button in buttons if not button.shares_contact)
            text = _with_numbers(text, buttons)
        if buttons:
            chat.keyboards.append(buttons)
        photo = self._keep_photo(shown.photo) if shown.photo is not None else None
        reply: dict[str, Any] = {"text": text, "buttons": [button.label for button in buttons]}
        replies = _replies.get()
        if replies is not None:
            replies.append(reply | ({"photo": photo} if photo else {}))
        self._record(to=chat.user, channel=chat.channel, text=text, photo=photo)


def _memory_name(channel: str, chat_id: int) -> str:
    return f"simulator:{channel}:{chat_id}"


def _pressed(request: ChatRequest, chat: _Chat) -> Button | None:
    """The button that is meant; None for typed text."""
    if request.way == "button":
        button = chat.find(request.said)
        if button is None:
            raise ChatRequestRefused("unknown_button")
        if button.shares_contact:
            raise ChatRequestRefused("share_with_contact")
        return button
    return chat.numbered(request.said) if request.channel == "zalo" else None


def _with_numbers(text: str, buttons: Sequence[Button]) -> str:
    if not buttons:
        return text
    lines = [f"{number}. {button.label}" for number, button in enumerate(buttons, 1)]
    return "\n".join([text, "", *lines])
