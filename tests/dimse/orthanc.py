"""Orthanc, a PACS of other people's making, on ports of this machine."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.sending.case import free_port

PROGRAM = shutil.which("Orthanc", path="/usr/sbin:/usr/bin:/usr/local/bin") or ""
TITLE = "ORTHANC"
STARTING_SECONDS = 60
ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc; `dicom_port` is where it listens itself."""

    url: str
    dicom_port: int

    def get(self, path: str) -> Any:
        answer = requests.get(self.url + path, timeout=ANSWER_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, content: Any) -> Any:
        data = content if isinstance(content, bytes) else json.dumps(content)
        answer = requests.post(self.url + path, data=data, timeout=ANSWER_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def put(self, path: str, content: Any) -> None:
        answer = requests.put(self.url + path, data=json.dumps(content), timeout=ANSWER_SECONDS)
        answer.raise_for_status()

    def delete_all(self) -> None:
        for study in self.get("/studies"):
            requests.delete(f"{self.url}/studies/{study}", timeout=ANSWER_SECONDS)

    def files(self) -> list[bytes]:
        """What it keeps, as files."""
        found = self.get("/instances")
        return [
            requests.get(f"{self.url}/instances/{one}/file", timeout=ANSWER_SECONDS).content
            for one in found
        ]

    def knows(self, name: str, title: str, port: int, **facts: Any) -> None:
        """Tell it of a modality."""
        modality = {"AET": title, "Host": "127.0.0.1", "Port": port, **facts}
        self.put(f"/modalities/{name}", modality)


@contextmanager
def orthanc(folder: Path, **settings: Any) -> Iterator[Orthanc]:
    """Run Orthanc with an empty store."""
    http_port, dicom_port = free_port(), free_port()
    chosen = {
        "Name": "Orthanc",
        "StorageDirectory": str(folder / "store"),
        "IndexDirectory": str(folder / "store"),
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAet": TITLE,
        "DicomPort": dicom_port,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "UnknownSopClassAccepted": True,
        "OverwriteInstances": True,
        "SynchronousCMove": True,
        "DicomModalitiesInDatabase": True,
        "Plugins": [],
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "orthanc.json"
    file.write_text(json.dumps(chosen | settings))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([PROGRAM, str(file)], stdout=log, stderr=log)
        made = Orthanc(f"http://127.0.0.1:{http_port}", dicom_port)
        try:
            _wait(made, process)
            yield made
        finally:
            process.terminate()
            process.wait(30)


def _wait(made: Orthanc, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + STARTING_SECONDS
    while True:
        assert process.poll() is None, "Orthanc does not start"
        assert time.monotonic() < end, "Orthanc does not answer"
        try:
            made.get("/system")
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
