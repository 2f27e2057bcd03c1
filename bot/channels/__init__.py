"""Ways in which a conversation travels: each an aiogram session, one file a channel.

A channel gets a finished dispatcher and knows no conversation. It passes its name along with
every update, as ``channel``.
"""
