"""The sample HIS and the product on two sites over HTTPS, and browsers that keep cookies apart."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Flask, redirect, request
from playwright.sync_api import BrowserContext, Frame, Page, Playwright, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from e2e.browser import ARGUMENTS, SECONDS, SIZES
from e2e.product import Product, free_port
from examples.his import create_his
from examples.his.hospital import Hospital, RegisteredVisit
from examples.yingyun_client import ClientSecret, Physician, YingyunClient
from portal.app import create_app
from portal.commands.demo_his import STORY
from server import clients, people
from server.cloud import open_cloud
from server.demo.people import PATIENT, PROVINCIAL, STRANGER
from server.model import Institution, Person, Study
from tests.certificates import certificate as make_certificate

CLOUD, HIS, EVIL = "cloud.test", "his.test", "evil.test"
RESOLVER = "--host-resolver-rules=" + ",".join(
    f"MAP {host} 127.0.0.1" for host in (CLOUD, HIS, EVIL)
)


@dataclass(frozen=True)
class Hospitals:
    """Where the product, the sample HIS and a foreign site are; `study_uids` by name."""

    cloud_url: str
    his_url: str
    evil_url: str
    hospital: Hospital
    study_uids: dict[str, str]


@contextlib.contextmanager
def served(app: Flask, port: int, certificate: tuple[str, str]) -> Iterator[None]:
    """Serve an application over TLS from a thread."""
    server = make_server("127.0.0.1", port, app, threaded=True, ssl_context=certificate)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(10)


TALKER = """<!doctype html><title>talker</title><script>
window.heard = [];
addEventListener("message", (event) => window.heard.push(event.data));
window.open_page = (address) => { window.opened = window.open(address); };
window.talk = (message) => window.opened.frames[0].postMessage(message, "*");
</script>"""


def foreign_site() -> Flask:
    """A site that nobody registered: it frames what it is told to, sets cookies in frames, and
    talks to the frames of a page that it opened."""
    app = Flask("evil")

    @app.get("/around")
    def around() -> str:
        """Hold any address in a frame, without saying who holds it."""
        return (
            '<!doctype html><meta name="referrer" content="no-referrer"><title>around</title>'
            f'<iframe name="inner" src="{request.args["address"]}"></iframe>'
        )

    @app.get("/talker")
    def talker() -> str:
        return TALKER

    @app.get("/set")
    def put() -> Any:
        answer = redirect("/echo", 303)
        facts: dict[str, Any] = {"secure": True, "samesite": "None", "httponly": True}
        answer.set_cookie("unpartitioned", "1", **facts)
        answer.set_cookie("__Host-partitioned", "1", partitioned=True, **facts)
        return answer

    @app.get("/echo")
    def echo() -> str:
        return json.dumps(sorted(request.cookies))

    return app


def _visits(product: Product) -> tuple[RegisteredVisit, ...]:
    """Register the patient of the demo, and somebody else, as the hospital knows them."""
    found = []
    with product.cloud.database.session() as session:
        for number, person in enumerate((PATIENT, STRANGER), 1):
            row = session.scalars(
                select(Person).where(Person.person_code == person.person_code)
            ).one()
            patient_id = session.scalars(
                select(Study.patient_id)
                .join(Institution, Institution.id == Study.institution_id)
                .where(Study.person_id == row.id, Institution.code == PROVINCIAL.code)
            ).first()
            found.append(
                RegisteredVisit(
                    number=f"V{number}",
                    visit_type="outpatient",
                    department="呼吸内科",
                    complaint="咳嗽一周",
                    name=person.name,
                    sex="男",
                    birth_date=person.birth_date.isoformat(),
                    patient_id=patient_id or f"H{number}",
                    id_number=people.id_number(product.cloud, row) or "",
                )
            )
    return tuple(found)


def _study_uids(product: Product) -> dict[str, str]:
    with product.cloud.database.session() as session:
        return {
            name: session.get_one(Study, study_id).study_uid
            for name, study_id in product.studies.items()
        }


@contextlib.contextmanager
def running_hospital(product: Product, folder: Path) -> Iterator[Hospitals]:
    """Serve the product's data, the sample HIS and a foreign site over HTTPS, each on its own."""
    own, key = make_certificate(folder, "sites", [CLOUD, HIS, EVIL])
    certificate = (str(own), str(key))
    cloud_port, his_port, evil_port = free_port(), free_port(), free_port()
    cloud_url, his_url = f"https://{CLOUD}:{cloud_port}", f"https://{HIS}:{his_port}"
    cloud = open_cloud(replace(product.cloud.settings, base_url=cloud_url))
    with product.cloud.database.session() as session:
        institution = session.scalars(
            select(Institution).where(Institution.code == PROVINCIAL.code)
        ).one()
        made = clients.register(
            session,
            institution=institution,
            name="示例医院系统",
            origins=[his_url],
            scopes=STORY,
        )
        credential = ClientSecret(made.client.client_id, made.secret)
    caller = YingyunClient(f"https://127.0.0.1:{cloud_port}", credential, verify=certificate[0])
    hospital = Hospital(
        PROVINCIAL.name, cloud_url, caller, Physician("D100", "王示范"), _visits(product)
    )
    with (
        served(create_app(cloud), cloud_port, certificate),
        served(create_his(hospital), his_port, certificate),
        served(foreign_site(), evil_port, certificate),
    ):
        yield Hospitals(
            cloud_url, his_url, f"https://{EVIL}:{evil_port}", hospital, _study_uids(product)
        )


def open_browser(
    playwright: Playwright, folder: Path, *, cookies: str, size: str = "desktop"
) -> BrowserContext:
    """Open a browser of its own. `cookies`: "partitioned" blocks third parties' but for
    partitioned ones; "none" blocks all."""
    # Playwright's own way of trusting our certificate does not reach workers of workers.
    extra = [RESOLVER, "--ignore-certificate-errors"]
    if cookies == "partitioned":
        extra.append("--test-third-party-cookie-phaseout")
    else:
        chosen = {"profile": {"default_content_setting_values": {"cookies": 2}}}
        (folder / "Default").mkdir(parents=True)
        (folder / "Default" / "Preferences").write_text(json.dumps(chosen), encoding="utf-8")
    context = playwright.chromium.launch_persistent_context(
        str(folder),
        executable_path=shutil.which("chromium"),
        args=[*ARGUMENTS, *extra],
        ignore_https_errors=True,
        locale="zh-CN",
        **SIZES[size],
    )
    context.set_default_timeout(SECONDS * 1000)
    return context


def frame_of(page: Page) -> Frame:
    """Return the cloud's frame in a page of the HIS."""
    handle = page.locator("iframe[data-cloud]").element_handle()
    found = handle.content_frame() if handle else None
    assert found is not None
    return found


def told(page: Page, event: str) -> None:
    """Wait until the page around was told of an event."""
    expect(page.locator(f"[data-event='{event}']").first).to_be_attached(timeout=60_000)
