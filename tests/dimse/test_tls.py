"""DICOM over TLS (PS3.15 B.12): both sides show a certificate; plain can be forbidden (E-14)."""

from __future__ import annotations

import hashlib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from portal.cli import cli
from server.cloud import ImageCloud
from server.dimse.tls import TlsFiles
from server.model import AuditEvent
from tests.certificates import certificate
from tests.dimse.case import CENTRE, Centre, Patient, chest, has_tools, peer, running, study_uids

pytestmark = pytest.mark.skipif(not has_tools(), reason="DCMTK is not installed")


@dataclass(frozen=True)
class Encrypted:
    """A centre that takes TLS alone, and the certificates of those who call."""

    centre: Centre
    own: Path
    callers: dict[str, tuple[Path, Path]]

    def run(self, tool: str, who: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        shown, key = self.callers[who]
        command = [tool, "+tls", str(key), str(shown), "+cf", str(self.own), "-aet", "PACS"]
        command += ["-aec", CENTRE, "127.0.0.1", str(self.centre.tls_port), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def encrypted(
    open_cloud_here: ImageCloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Encrypted]:
    folder = tmp_path_factory.mktemp("tls")
    own, own_key = certificate(folder, "centre")
    callers = {name: certificate(folder, name) for name in ("pacs", "colleague", "stranger")}
    trusted = folder / "authorities.pem"
    trusted.write_bytes(callers["pacs"][0].read_bytes() + callers["colleague"][0].read_bytes())
    der = ssl.PEM_cert_to_DER_cert(callers["pacs"][0].read_text())
    pacs = peer("PACS", certificate_sha256=hashlib.sha256(der).hexdigest())
    with running(open_cloud_here, [pacs], TlsFiles(own, own_key, trusted), plain=False) as centre:
        yield Encrypted(centre, own, callers)


@pytest.mark.requirement("E-14")
def test_objects_come_over_tls_and_from_nobody_else(encrypted: Encrypted, tmp_path: Path) -> None:
    patient = Patient(patient_id="P300", accession="A300")
    path = chest(tmp_path, patient)[0]
    done = encrypted.run("storescu", "pacs", "-xe", path)
    assert done.returncode == 0, done.stderr
    assert patient.study_uid in study_uids(encrypted.centre.cloud)
    assert encrypted.centre.port == 0, "nothing listens without TLS"
    assert encrypted.run("echoscu", "stranger").returncode != 0, "an unknown authority"
    plain = ["echoscu", "-to", "5", "-aet", "PACS", "-aec", CENTRE, "127.0.0.1"]
    plain.append(str(encrypted.centre.tls_port))
    assert subprocess.run(plain, capture_output=True, check=False).returncode != 0


def test_a_title_is_bound_to_its_certificate(encrypted: Encrypted, tmp_path: Path) -> None:
    patient = Patient(patient_id="P301", accession="A301")
    done = encrypted.run("storescu", "colleague", "-v", "-xe", chest(tmp_path, patient)[0])
    assert "0x124" in done.stderr, done.stderr
    assert patient.study_uid not in study_uids(encrypted.centre.cloud)
    with encrypted.centre.cloud.database.session() as session:
        refused = session.scalars(select(AuditEvent).where(AuditEvent.event == "dicom.store")).all()
    assert [one.reason for one in refused] == ["certificate"]


def test_old_protocols_are_refused(encrypted: Encrypted) -> None:
    shown, key = encrypted.callers["pacs"]
    context = ssl.create_default_context(cafile=encrypted.own)
    context.load_cert_chain(shown, key)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("AES128-SHA:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    address = ("127.0.0.1", encrypted.centre.tls_port)
    with socket.create_connection(address, 10) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_caller_that_says_nothing_holds_up_nobody(encrypted: Encrypted) -> None:
    with socket.create_connection(("127.0.0.1", encrypted.centre.tls_port), 10):
        assert encrypted.run("echoscu", "pacs").returncode == 0


@pytest.mark.requirement("E-14")
def test_plain_is_forbidden_only_with_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YINGYUN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("YINGYUN_DICOM_TLS_ONLY", "1")
    done = CliRunner().invoke(cli, ["dicom"])
    assert done.exit_code == 1
    assert "YINGYUN_DICOM_TLS_ONLY" in done.output
