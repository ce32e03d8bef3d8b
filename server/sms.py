"""Handing text messages over: to a gateway of the telephone network (短信网关) over HTTP.

Which one is the operator's business; what is handed over is signed, so that the gateway takes
nothing from anybody else (docs/configuration.md). Another way of sending is another `SmsSender`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import requests

from server import clock
from server.settings import Settings, SettingsError

PATIENCE = 10.0  # seconds for the gateway's answer
SHORTEST_KEY = 32


class SmsError(Exception):
    """The message was not taken; it may be handed over again. Says nothing of its content."""


@dataclass(frozen=True)
class TextMessage:
    """A message in clear, on its way out."""

    message_id: int
    phone: str
    text: str
    expires_at: datetime


class SmsSender(Protocol):
    """Takes text messages to phones."""

    def deliver(self, message: TextMessage) -> None:
        """Hand a message over. Raises SmsError; the same message may then come again."""


@dataclass(frozen=True)
class HttpGateway:
    """JSON by POST, signed with HMAC-SHA256 over time and body."""

    url: str
    key: bytes

    def deliver(self, message: TextMessage) -> None:
        """Hand a message over. Raises SmsError."""
        body = json.dumps(
            {
                "message_id": message.message_id,
                "phone": message.phone,
                "text": message.text,
                "expires_at": message.expires_at.isoformat(),
            },
            ensure_ascii=False,
        ).encode()
        timestamp = str(int(clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": str(message.message_id),
            "X-Yingyun-Timestamp": timestamp,
            "X-Yingyun-Signature": f"sha256={signature(self.key, timestamp, body)}",
        }
        try:
            answer = requests.post(
                self.url, data=body, headers=headers, timeout=PATIENCE, allow_redirects=False
            )
        except requests.RequestException as error:
            raise SmsError(type(error).__name__) from None
        if not 200 <= answer.status_code < 300:
            raise SmsError(f"status {answer.status_code}")


def signature(key: bytes, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 (RFC 2104), in hexadecimal, of `timestamp.body`."""
    return hmac.new(key, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def open_sender(settings: Settings) -> SmsSender | None:
    """Return the gateway of the settings; None where none is named.

    Raises SettingsError without a key, or with one that is too short.
    """
    if settings.sms_url is None:
        return None
    file = settings.sms_key_file
    key = file.read_bytes().strip() if file is not None and file.is_file() else b""
    if len(key) < SHORTEST_KEY:
        raise SettingsError(
            f"YINGYUN_SMS_KEY_FILE 须指向至少 {SHORTEST_KEY} 个字符的密钥文件 / "
            f"must name a file with a key of at least {SHORTEST_KEY} characters"
        )
    return HttpGateway(settings.sms_url, key)
