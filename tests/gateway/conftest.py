"""A centre that answers over HTTP, and a hospital's front machine registered with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
from werkzeug.serving import make_server

from portal.app import create_app
from server import clients
from server.clients import Scope
from server.cloud import ImageCloud
from server.gateway.configuration import GatewaySettings
from server.model import Institution
from tests.dimse.case import prepare
from tests.ingest.conftest import INSTITUTION


@dataclass(frozen=True)
class HospitalsCentre:
    """The centre, and what the front machine's operator was given."""

    cloud: ImageCloud
    url: str
    client_id: str
    secret: str

    def settings(self, home: Path) -> GatewaySettings:
        return GatewaySettings(home, self.url, self.client_id, self.secret)


@pytest.fixture
def centre(cloud: ImageCloud) -> Iterator[HospitalsCentre]:
    """The portal on a port of this machine."""
    prepare(cloud)
    with cloud.database.session() as session:
        institution = session.query(Institution).filter_by(code=INSTITUTION).one()
        made = clients.register(
            session,
            institution=institution,
            name="前置机",
            origins=[],
            scopes=[
                Scope.DICOMWEB_STORE,
                Scope.DICOMWEB_READ,
                Scope.GATEWAY,
                Scope.RECORDS_WRITE,
            ],
        )
        client_id, secret = made.client.client_id, made.secret
    server = make_server("127.0.0.1", 0, create_app(cloud), threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield HospitalsCentre(cloud, f"http://127.0.0.1:{server.server_port}", client_id, secret)
    server.shutdown()
    thread.join()
