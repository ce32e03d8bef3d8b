"""The DICOMweb case, made once for each test; a server for clients that want a network."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.serving import make_server

from server.cloud import ImageCloud
from tests.dicomweb.case import DicomwebCase, make_dicomweb_case


@pytest.fixture
def case(app: Flask, cloud: ImageCloud) -> DicomwebCase:
    """A hospital's registered system."""
    return make_dicomweb_case(app, cloud)


@pytest.fixture
def served(case: DicomwebCase) -> Iterator[str]:
    """The address of the case's portal, listening on a free port."""
    server = make_server("127.0.0.1", 0, case.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/dicom-web"
    server.shutdown()
    thread.join()
