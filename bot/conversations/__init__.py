"""What is said in a chat: aiogram routers, one file a conversation, the same on every channel.

Handlers ask the core once, in a thread, and say what came of it. Wording lives in the
catalogues (keys `chat.…`); rules live in the core; sending is the channel's session.
"""
