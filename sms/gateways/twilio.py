"""Twilio: SMS through its own client.

What can't be delivered to this number is refused for good; what is wrong with our account,
their service or the line between is tried again, because an operator can mend it. So is what
the client itself stumbles over: an answer of any shape must leave here as one of ours.
Source: Twilio Messages resource (2010-04-01) and its error dictionary.
"""

from __future__ import annotations

import logging
from urllib.parse import urlsplit, urlunsplit

from requests import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from core.errors import GatewayRefused, GatewayRetry, SetupRefused
from core.ports import SmsGateway

TIMEOUT = 10.0  # seconds; the delivery's lease is 60
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500

_REFUSED = {
    21211: "number_invalid",
    21214: "number_unreachable",
    21217: "number_invalid",
    21408: "country_not_enabled",
    21602: "text_missing",
    21604: "number_missing",
    21610: "opted_out",
    21612: "route_missing",
    21614: "number_not_mobile",
    21617: "text_too_long",
    21635: "number_is_landline",
    30003: "number_unreachable",
    30004: "blocked",
    30005: "number_unknown",
    30006: "number_is_landline",
}
"""Codes that say: this message will never reach this number."""

_RETRY = {
    14107: "rate_limited",
    20003: "not_authenticated",
    20429: "rate_limited",
    21606: "sender_not_usable",
    21611: "queue_full",
    21703: "sender_not_usable",
    21705: "sender_not_usable",
    30001: "queue_full",
    30002: "account_suspended",
    63038: "daily_limit",
}
"""Codes that say: not now."""

_QUIET = logging.getLogger("ketqua.twilio_line")
_QUIET.disabled = True  # the client logs addresses and forms: numbers and texts


class TwilioGateway(SmsGateway):
    """Sends by one sender or messaging service."""

    def __init__(  # noqa: PLR0913  (an account has as many settings as it has)
        self,
        *,
        account_sid: str,
        auth_token: str,
        messaging_service_sid: str = "",
        sender: str = "",
        status_callback: str = "",
        region: str = "",
        edge: str = "",
        base_url: str = "",
        timeout: float = TIMEOUT,
    ) -> None:
        """Set the client up; nothing is sent yet.

        Args:
            sender: Number or registered name; not needed with a messaging service.
            status_callback: Address that is told what becomes of a message, or empty.
            base_url: Replaces Twilio's own address (a proxy, a test); empty keeps it.
            timeout: Seconds to wait for an answer.

        Raises:
            SetupRefused: neither a sender nor a messaging service.
        """
        if not (sender or messaging_service_sid):
            raise SetupRefused("sms_sender_missing", "KETQUA_TWILIO_FROM")
        self._message = {
            "messaging_service_sid": messaging_service_sid,
            "from_": "" if messaging_service_sid else sender,
            "status_callback": status_callback,
        }
        self._message = {key: value for key, value in self._message.items() if value}
        self._client = Client(
            account_sid,
            auth_token,
            region=region or None,
            edge=edge or None,
            http_client=_Line(base_url, timeout),
        )

    def send(self, to: str, text: str, *, reference: str) -> str:  # noqa: ARG002
        """Hand over one message; Twilio does not de-duplicate, so ``reference`` stays here.

        Returns:
            The SID of the message.

        Raises:
            GatewayRetry: not taken now.
            GatewayRefused: never will be.
        """
        try:
            return self._hand_over(to, text)
        except (GatewayRefused, GatewayRetry):
            raise
        except Exception as error:  # noqa: BLE001  (their client trusts what it is answered)
            raise GatewayRetry("unexpected_answer", type(error).__name__) from None

    def _hand_over(self, to: str, text: str) -> str:
        try:
            message = self._client.messages.create(to=to, body=text, **self._message)
        except TwilioRestException as error:
            raise _translated(error) from None  # their text repeats the number
        except (RequestException, TwilioException, ValueError) as error:
            raise GatewayRetry("gateway_unreachable", type(error).__name__) from None
        if not (isinstance(message.sid, str) and message.sid):
            raise GatewayRetry("unexpected_answer", "no sid")
        return message.sid


def _translated(error: TwilioRestException) -> GatewayRefused | GatewayRetry:
    """Our error for theirs: by its code, else by its status."""
    code, detail = error.code or 0, str(error.code or error.status)
    if code in _REFUSED:
        return GatewayRefused(_REFUSED[code], detail)
    if code in _RETRY:
        return GatewayRetry(_RETRY[code], detail)
    if error.status == _TOO_MANY_REQUESTS or error.status >= _SERVER_ERROR:
        return GatewayRetry("gateway_busy", detail)
    if error.status in (401, 403, 404):
        return GatewayRetry("not_authenticated", detail)
    return GatewayRefused("gateway_refused", detail)


class _Line(TwilioHttpClient):  # type: ignore[misc]  # the client has no types
    """Twilio's HTTP client with a timeout, and another address where one is set."""

    def __init__(self, base_url: str, timeout: float) -> None:
        super().__init__(timeout=timeout, logger=_QUIET)
        self._base = urlsplit(base_url)

    def request(self, method: str, url: str, *args: object, **kwargs: object) -> object:
        if self._base.netloc:
            url = urlunsplit(
                urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc)
            )
        return super().request(method, url, *args, **kwargs)
