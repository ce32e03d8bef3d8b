"""Text messages reach a real HTTP gateway, signed, tried again, and never twice once taken."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import time_machine
from structlog.testing import capture_logs

from server import accounts, messages
from server.cloud import ImageCloud
from server.jobs.queue import JobQueue
from server.model import Account, Message, Role
from server.settings import SettingsError, load
from server.sms import SmsError, open_sender
from tests.services.conftest import make_person

KEY = "a key of the gateway, 32 characters and more"
PHONE = "10012345678"


@dataclass
class Gateway:
    """What a small gateway was handed, and how it answers."""

    url: str
    status: int = 202
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A real HTTP server of this test's own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            facts.taken.append((dict(self.headers), body))
            self.send_response(facts.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    facts = Gateway(f"http://127.0.0.1:{server.server_port}/send")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield facts
    server.shutdown()
    server.server_close()


@pytest.fixture
def wired(cloud: ImageCloud, gateway: Gateway, tmp_path: Path) -> ImageCloud:
    """An image cloud outside development whose messages go to the gateway at once."""
    (tmp_path / "sms.key").write_text(f"{KEY}\n")
    settings = replace(
        cloud.settings, development=False, sms_url=gateway.url, sms_key_file=tmp_path / "sms.key"
    )
    jobs = JobQueue(settings, immediate=True)
    wired = replace(cloud, settings=settings, sms=open_sender(settings), jobs=jobs)
    jobs.attach(wired)
    return wired


def send(cloud: ImageCloud, body: str = "验证码 123456") -> int:
    person = make_person(cloud, phone=PHONE)
    with cloud.database.session() as session:
        account = accounts.create_account(
            cloud,
            session,
            login="zhang",
            password="Kx7!blaue-Wolke",
            role=Role.PATIENT,
            person=person,
        ).account
        assert messages.can_reach(cloud, account)
        message = messages.send(
            cloud, session, account=account, body=body, lifetime=timedelta(minutes=5)
        )
        assert message is not None and message.delivered_at is None
        return message.id


def delivered(cloud: ImageCloud, message_id: int) -> datetime | None:
    with cloud.database.session() as session:
        return session.get_one(Message, message_id).delivered_at


def test_a_message_is_handed_over_signed_and_noted(wired: ImageCloud, gateway: Gateway) -> None:
    message_id = send(wired)
    ((headers, body),) = gateway.taken
    told = json.loads(body)
    assert (told["message_id"], told["phone"], told["text"]) == (
        message_id, PHONE, "验证码 123456",
    )  # fmt: skip
    stamped = headers["X-Yingyun-Timestamp"].encode() + b"." + body
    wanted = hmac.new(KEY.encode(), stamped, hashlib.sha256).hexdigest()
    assert headers["X-Yingyun-Signature"] == f"sha256={wanted}"
    assert delivered(wired, message_id) is not None


def test_what_was_taken_is_not_handed_over_again(wired: ImageCloud, gateway: Gateway) -> None:
    message_id = send(wired)
    messages.deliver(wired, message_id)
    wired.jobs.sweep()
    assert len(gateway.taken) == 1


def test_what_was_refused_stays_and_is_found_again(wired: ImageCloud, gateway: Gateway) -> None:
    gateway.status = 503
    message_id = send(wired)
    with pytest.raises(SmsError):
        messages.deliver(wired, message_id)
    assert delivered(wired, message_id) is None
    gateway.status = 200
    wired.jobs.sweep()
    assert delivered(wired, message_id) is not None
    assert len(gateway.taken) == 3


def test_a_redirect_is_not_followed_with_the_text(wired: ImageCloud, gateway: Gateway) -> None:
    gateway.status = 307
    assert delivered(wired, send(wired)) is None
    assert len(gateway.taken) == 1


def test_an_expired_code_is_not_sent_any_more(wired: ImageCloud, gateway: Gateway) -> None:
    gateway.status = 500
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC), tick=False) as clock:
        message_id = send(wired)
        clock.shift(timedelta(minutes=6))
        gateway.status = 200
        messages.deliver(wired, message_id)
    assert len(gateway.taken) == 1 and delivered(wired, message_id) is None


def test_a_worker_tries_again_with_back_off(wired: ImageCloud, gateway: Gateway) -> None:
    queue = JobQueue(wired.settings)
    queue.attach(wired)
    held = replace(wired, jobs=queue)
    send(held)
    (task,) = queue.huey.pending()
    assert (task.retries, task.retry_delay) == (4, 5)
    gateway.status = 500
    queue.huey.execute(queue.huey.dequeue())
    (again,) = queue.huey.scheduled()
    assert again.retries == 3


@pytest.mark.requirement("F-27")
def test_neither_text_nor_number_is_logged(wired: ImageCloud, gateway: Gateway) -> None:
    gateway.status = 500
    with capture_logs() as entries:
        send(wired)
    assert any(one["event"] == "message_refused" for one in entries)
    assert "123456" not in str(entries) and PHONE not in str(entries)


def test_a_message_that_is_rolled_back_is_not_sent(wired: ImageCloud, gateway: Gateway) -> None:
    message_id = send(wired)
    with wired.database.session() as session:
        account = session.query(Account).one()
        messages.send(wired, session, account=account, body="zweite")
        session.rollback()
    assert len(gateway.taken) == 1 and delivered(wired, message_id) is not None


@pytest.mark.parametrize("key", [None, "short"])
def test_a_gateway_without_a_key_is_refused_at_start(tmp_path: Path, key: str | None) -> None:
    environ = {"YINGYUN_HOME": str(tmp_path), "YINGYUN_SMS_URL": "https://sms.example/send"}
    if key is not None:
        (tmp_path / "key").write_text(key)
        environ["YINGYUN_SMS_KEY_FILE"] = str(tmp_path / "key")
    with pytest.raises(SettingsError):
        open_sender(load(environ))
