"""The deployed centre: the same code on the engines of a large one, behind nginx with TLS."""

from __future__ import annotations

import http.client
import io
import json
import re
import signal
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import pydicom.data
import pyotp
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from pydicom.uid import generate_uid

from tests.deployment.running import Deployment, deployed, what_is_missing

LOGIN, PASSWORD, NAME = "patient.deployed", "Mx4!stille-Brücke", "部署验收"
OLD_TLS = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
NEW_TLS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
WEAK = "AES128-SHA:AES256-SHA256:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES256-SHA384"
HIDDEN_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
PICTURE = re.compile(r'<img[^>]+src="(/studies/[^"]+)"')
SECONDS_TO_PREPARE = 60
HOSPITAL = "12500000450409999X"


@dataclass(frozen=True)
class Prepared:
    """A centre with one study of one patient, whose pictures the worker has made."""

    centre: Deployment
    browser: requests.Session
    study: str  # its address


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    if missing := what_is_missing():
        pytest.skip(f"not installed: {', '.join(missing)}; run `make system`")
    with deployed(tmp_path_factory.mktemp("centre")) as running:
        yield running


@pytest.fixture(scope="module")
def prepared(centre: Deployment) -> Prepared:
    printed = centre.yingyun(
        "user", "add", "--role", "patient", "--login", LOGIN, "--password", PASSWORD,
        "--name", NAME,
    )  # fmt: skip
    secret = re.search(r"authenticator secret: (\w+)", printed)
    assert secret
    summary = json.loads(
        centre.yingyun(
            "ingest", "--json", "--patient", LOGIN,
            str(pydicom.data.get_testdata_file("CT_small.dcm")),
        )
    )  # fmt: skip
    assert summary["stored"] == 1
    browser = new_browser(centre)
    base = centre.base_url
    form(browser, f"{base}/login", login=LOGIN, password=PASSWORD)
    code = pyotp.TOTP(secret[1]).now()
    page = form(browser, f"{base}/login/code", code=code)
    page = form(browser, page.url, decision="agree", version=value(page.text, "version"))
    found = re.search(r'href="(/studies/[\w-]{22})', page.text)
    assert found, page.text
    study = base + found[1]
    until("the pictures", lambda: bool(PICTURE.search(browser.get(study).text)))
    return Prepared(centre, browser, study)


def new_browser(centre: Deployment) -> requests.Session:
    """A browser that trusts the certificate, whatever this machine's environment says."""
    browser = requests.Session()
    browser.trust_env = False
    browser.verify = str(centre.certificate)
    return browser


def value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, page
    return found[1]


def form(browser: requests.Session, url: str, **fields: str) -> requests.Response:
    token = HIDDEN_TOKEN.search(browser.get(url).text)
    assert token
    answer = browser.post(
        url, data={"csrf_token": token[1], **fields}, headers={"Origin": origin(url)}
    )
    assert answer.status_code == HTTPStatus.OK, answer.text
    return answer


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def until(what: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS_TO_PREPARE
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.2)
    raise AssertionError(f"this did not come: {what}")


def shaken_hands(centre: Deployment, context: ssl.SSLContext) -> str:
    where = urlsplit(centre.base_url)
    with (
        socket.create_connection((where.hostname or "", where.port or 0), 10) as plain,
        context.wrap_socket(plain, server_hostname=where.hostname) as secure,
    ):
        return str(secure.version())


def metrics(centre: Deployment) -> dict[str, float]:
    """What the portal's workers counted together, read past nginx from this machine."""
    with urllib.request.urlopen(f"{centre.portal_url}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    return {
        f"{one.name} {one.labels.get('route', '')}": one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


@pytest.mark.requirement("F-15")
def test_plain_http_only_leads_to_https(centre: Deployment) -> None:
    where = urlsplit(centre.http_url)
    connection = http.client.HTTPConnection(where.netloc, timeout=10)
    connection.request("GET", "/studies?year=2026")
    answer = connection.getresponse()
    assert answer.status == HTTPStatus.MOVED_PERMANENTLY
    assert (answer.headers["Location"] or "").startswith("https://localhost")
    secure = new_browser(centre).get(f"{centre.base_url}/login")
    assert int(secure.headers["Strict-Transport-Security"].split("=")[1].split(";")[0]) > 10**7
    cookies = secure.headers["Set-Cookie"]
    assert "__Host-" in cookies
    assert "Secure" in cookies
    assert "gunicorn" not in secure.headers.get("Server", "")


@pytest.mark.requirement("F-16")
@pytest.mark.parametrize("version", OLD_TLS, ids=str)
def test_tls_before_1_2_is_refused(centre: Deployment, version: ssl.TLSVersion) -> None:
    context = centre.trust()
    context.set_ciphers("ALL:@SECLEVEL=0")  # so that this side would take part
    context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        shaken_hands(centre, context)


@pytest.mark.requirement("F-16")
def test_tls_1_2_and_1_3_are_spoken_with_strong_ciphers_alone(centre: Deployment) -> None:
    for version in NEW_TLS:
        context = centre.trust()
        context.minimum_version = context.maximum_version = version
        assert shaken_hands(centre, context) == version.name.replace("_", ".")
    context = centre.trust()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{WEAK}:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        shaken_hands(centre, context)


@pytest.mark.requirement("K-13")
def test_ipv6_is_served_through_nginx_and_without_it(centre: Deployment) -> None:
    checks = requests.get(f"{centre.portal_url}/readyz", timeout=20).json()["checks"]
    assert {checks[name] for name in ("database", "schema", "store", "queue")} == {"ok"}
    where = urlsplit(centre.base_url)
    context = centre.trust()
    with (
        socket.create_connection(("::1", where.port or 0), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert secure.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.requirement("K-33", "D-48")
def test_a_patient_signs_in_and_sees_what_the_worker_made(prepared: Prepared) -> None:
    page = prepared.browser.get(prepared.study)
    pictures = PICTURE.findall(page.text)
    assert pictures
    image = prepared.browser.get(prepared.centre.base_url + pictures[0])
    assert image.headers["Content-Type"] in {"image/jpeg", "image/png"}
    assert image.content
    stranger = new_browser(prepared.centre).get(prepared.study)
    assert "/login" in stranger.url


@pytest.mark.requirement("K-27")
def test_the_workers_count_together_and_nginx_keeps_their_figures_inside(
    prepared: Prepared,
) -> None:
    centre = prepared.centre
    before = metrics(centre).get("yingyun_request_seconds_count /healthz", 0)
    for _ in range(20):  # a new connection each, so that both workers get some
        urllib.request.urlopen(f"{centre.portal_url}/healthz", timeout=20).close()
    assert metrics(centre)["yingyun_request_seconds_count /healthz"] == before + 20
    outside = new_browser(centre).get(f"{centre.base_url}/metrics")
    assert outside.status_code == HTTPStatus.NOT_FOUND


def machine_token(centre: Deployment) -> str:
    """Register a hospital's front machine; return a token of its."""
    centre.yingyun(
        "institution", "add", HOSPITAL, "--name", "部署验收医院",
        "--province-code", "500000", "--province-name", "重庆市",
    )  # fmt: skip
    printed = centre.yingyun(
        "client", "add", "--institution", HOSPITAL, "--name", "前置机",
        "--scope", "dicomweb.store", "--scope", "dicomweb.read",
    )  # fmt: skip
    credentials = dict(re.findall(r"(client_id|client_secret)\W+([\w-]+)", printed))
    answer = new_browser(centre).post(
        f"{centre.base_url}/oauth/token",
        data={"grant_type": "client_credentials", **credentials},
    )
    assert answer.ok, answer.text
    return str(answer.json()["access_token"])


def new_objects(count: int) -> list[bytes]:
    """Return so many objects of one new study."""
    source = pydicom.dcmread(pydicom.data.get_testdata_file("CT_small.dcm"))
    source.StudyInstanceUID, source.SeriesInstanceUID = generate_uid(), generate_uid()
    made = []
    for number in range(count):
        source.SOPInstanceUID = source.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        source.InstanceNumber = number + 1
        data = io.BytesIO()
        source.save_as(data)
        made.append(data.getvalue())
    return made


@pytest.mark.requirement("D-50", "G-11")
def test_at_a_peak_every_reader_is_answered_and_every_acknowledged_object_is_there(
    prepared: Prepared,
) -> None:
    """The form in small of `python -m bench.load`, whose figures are in docs/performance.md."""
    centre = prepared.centre
    machine = {"Authorization": f"Bearer {machine_token(centre)}"}
    picture = centre.base_url + PICTURE.findall(prepared.browser.get(prepared.study).text)[0]

    def read(url: str) -> str:
        answer = requests.get(
            url, cookies=prepared.browser.cookies, verify=str(centre.certificate), timeout=60
        )
        return told(answer)

    def upload(data: bytes) -> str:
        head = b"--part\r\nContent-Type: application/dicom\r\n\r\n"
        answer = new_browser(centre).post(
            f"{centre.base_url}/dicom-web/studies",
            data=head + data + b"\r\n--part--\r\n",
            headers=machine
            | {"Content-Type": 'multipart/related; type="application/dicom"; boundary=part'},
            timeout=60,
        )
        return told(answer)

    def told(answer: requests.Response) -> str:
        return "" if answer.ok else f"{answer.status_code} {answer.text}"

    uploads = [one for _ in range(4) for one in new_objects(5)]
    pages = [prepared.study, picture, f"{centre.base_url}/studies"] * 40
    with ThreadPoolExecutor(20) as readers, ThreadPoolExecutor(4) as uploaders:
        reading, sending = readers.map(read, pages), uploaders.map(upload, uploads)
        assert set(reading) | set(sending) == {""}
    held = new_browser(centre).get(
        f"{centre.base_url}/dicom-web/instances", params={"limit": 100}, headers=machine
    )
    assert len(held.json()) == len(uploads)


@pytest.mark.requirement("F-06", "F-37")
def test_an_account_locks_whatever_the_client_says_of_its_address(centre: Deployment) -> None:
    """Each try names another address and may meet another worker."""
    login = "patient.locked"
    centre.yingyun(
        "user", "add", "--role", "patient", "--login", login, "--password", PASSWORD,
        "--name", NAME,
    )  # fmt: skip
    told = []
    for number in range(6):
        browser = new_browser(centre)
        browser.headers["X-Forwarded-For"] = f"198.51.100.{number}"
        url = f"{centre.base_url}/login"
        token = HIDDEN_TOKEN.search(browser.get(url).text)
        assert token
        fields = {"csrf_token": token[1], "login": login, "password": "Falsch-Nr-1!"}
        told.append(browser.post(url, data=fields, headers={"Origin": origin(url)}).status_code)
    assert told[0] == HTTPStatus.UNPROCESSABLE_ENTITY
    assert told[-1] == HTTPStatus.TOO_MANY_REQUESTS


@pytest.mark.requirement("F-42")
def test_no_log_names_the_patient_or_an_address_of_his(prepared: Prepared) -> None:
    text = prepared.centre.log.read_text(encoding="utf-8")
    assert '"event": "request"' in text
    for secret in (NAME, PASSWORD, prepared.study.rpartition("/")[2]):
        assert secret not in text


def test_asked_to_stop_it_finishes_what_is_under_way(prepared: Prepared) -> None:
    """Runs last: afterwards there is no portal."""
    centre = prepared.centre
    answers: list[int] = []

    def ask() -> None:
        answer = prepared.browser.get(prepared.study)
        answers.append(answer.status_code)

    asking = [threading.Thread(target=ask) for _ in range(6)]
    for one in asking:
        one.start()
    time.sleep(0.05)  # they are on their way, some of them in a worker
    centre.web.send_signal(signal.SIGTERM)
    for one in asking:
        one.join()
    assert centre.web.wait(30) == 0
    # Whoever was let in got an answer; whoever came later was told so by nginx.
    assert set(answers) <= {HTTPStatus.OK, HTTPStatus.BAD_GATEWAY}
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{centre.portal_url}/healthz", timeout=5)
