"""Asking a node for an association (PS3.8 7.1), as every caller of ours does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from server.sending.nodes import DicomNode

CONNECT_SECONDS = 15
ANSWER_SECONDS = 90


def call(
    node: DicomNode, ae_title: str, contexts: Sequence[PresentationContext], **options: Any
) -> Association:
    """Return an association with a node, under one of our AE titles, be it established or not.

    `options` are those of `AE.associate`. Raises OSError for certificates that cannot be read.
    """
    entity = AE(ae_title)
    entity.connection_timeout = entity.acse_timeout = CONNECT_SECONDS
    entity.dimse_timeout = entity.network_timeout = ANSWER_SECONDS
    tls = node.tls_context()
    return entity.associate(
        node.host,
        node.port,
        contexts=list(contexts),
        ae_title=node.ae_title,
        tls_args=None if tls is None else (tls, node.host),
        **options,
    )
