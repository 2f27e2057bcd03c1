"""Errors that cross rooms: each carries a code and data, never wording.

Expected refusals (a wrong OTP, an unknown test) are values, not exceptions. These are for
what stops a piece of work: an installation that isn't ready, a peer that can't be reached.
"""

from __future__ import annotations

from datetime import timedelta


class KetquaError(Exception):
    """Base of every error of ours.

    Args:
        code: Stable word; edges look up the sentence by it.
        detail: A setting's name, a path, a number; never a person's data.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class SetupRefused(KetquaError):
    """The installation lacks something that it must not run without."""


class NotFound(KetquaError):
    """What was asked for by name isn't here."""


class GatewayRetry(KetquaError):
    """A gateway did not take the message now; the same message may be sent again later.

    Args:
        wait: For how long the gateway wants no more of them; None: it didn't say.
    """

    def __init__(self, code: str, detail: str = "", *, wait: timedelta | None = None) -> None:
        super().__init__(code, detail)
        self.wait = wait


class GatewayRefused(KetquaError):
    """A gateway refused this message for good; sending it again is pointless."""
