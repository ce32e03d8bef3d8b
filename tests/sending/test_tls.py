"""Sending over TLS (PS3.15 B.9): the node's certificate is checked."""

from __future__ import annotations

import datetime
import ipaddress
import shutil
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from server.cloud import ImageCloud
from server.model import SendingState
from server.sending import work
from tests.sending.case import free_port, make_sending_case, received, storescp

pytestmark = pytest.mark.skipif(not shutil.which("storescp"), reason="DCMTK is not installed")


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for this machine, and its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    own, secret = folder / f"{name}.pem", folder / f"{name}.key"
    own.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return own, secret


@pytest.mark.requirement("C-26")
@pytest.mark.parametrize("trusted", [True, False])
def test_objects_go_to_a_node_that_is_known_alone(
    cloud: ImageCloud, tmp_path: Path, trusted: bool
) -> None:
    node, node_key = certificate(tmp_path, "node")
    other, _ = certificate(tmp_path, "other")
    port = free_port()
    case = make_sending_case(cloud, port, tls=True, tls_ca_file=str(node if trusted else other))
    options = ("--accept-all", "--enable-tls", str(node_key), str(node), "--ignore-peer-cert")
    with storescp(tmp_path / "in", port, *options) as folder:
        sending_id = case.order()
        work.attempt(case.cloud, sending_id, last=True)
        assert received(folder) == (case.hashes if trusted else {})
    state = case.sending(sending_id).state
    assert state == (SendingState.DONE if trusted else SendingState.FAILED)
