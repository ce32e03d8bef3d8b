"""One portal for all tests of a module, a hospital of its own for each."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from portal.app import create_app
from server import settings as settings_module
from server.cloud import ImageCloud, open_cloud
from server.jobs.queue import JobQueue
from tests.dicomweb.case import DicomwebCase, make_dicomweb_case


@pytest.fixture(scope="module")
def centre(migrated_database: Path, tmp_path_factory: pytest.TempPathFactory) -> ImageCloud:
    """An image cloud whose jobs are done before the call that orders them returns."""
    home = tmp_path_factory.mktemp("dicomweb")
    shutil.copy(migrated_database, home / "yingyun.db")
    loaded = settings_module.load({"YINGYUN_HOME": str(home), "YINGYUN_REGION_CODE": "500000"})
    chosen = replace(loaded, development=True)
    cloud = replace(open_cloud(chosen), jobs=JobQueue(chosen, immediate=True))
    cloud.jobs.attach(cloud)
    return cloud


@pytest.fixture(scope="module")
def portal(centre: ImageCloud) -> Flask:
    """The centre's portal."""
    return create_app(centre)


@pytest.fixture
def case(portal: Flask, centre: ImageCloud) -> DicomwebCase:
    """A hospital's registered system."""
    return make_dicomweb_case(portal, centre)


@pytest.fixture(scope="module")
def served(portal: Flask) -> Iterator[str]:
    """The address of DICOMweb, listening on a free port."""
    server = make_server("127.0.0.1", 0, portal, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/dicom-web"
    server.shutdown()
    thread.join()
