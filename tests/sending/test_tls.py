"""Sending over TLS (PS3.15 B.9): the node's certificate is checked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from server.cloud import ImageCloud
from server.model import SendingState
from server.sending import work
from tests.certificates import certificate
from tests.sending.case import free_port, make_sending_case, received, storescp

pytestmark = pytest.mark.skipif(not shutil.which("storescp"), reason="DCMTK is not installed")


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
