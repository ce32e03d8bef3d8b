"""An institution that left the cloud calls in vain, over an open association too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select

from server import clock
from server.cloud import ImageCloud
from server.dimse.calling import Callers, NotAuthorisedError
from server.model import Institution
from tests.dimse.case import peer, prepare
from tests.ingest.conftest import INSTITUTION


@pytest.mark.requirement("F-07")
def test_who_left_finds_and_fetches_no_more(cloud: ImageCloud) -> None:
    prepare(cloud)
    callers = Callers(cloud, [peer("PACS")])
    requestor = SimpleNamespace(ae_title="PACS", address="127.0.0.1")
    association = cast(Any, SimpleNamespace(requestor=requestor))
    assert callers.caller(association, "find").institution_id
    with cloud.database.session() as session:
        chosen = select(Institution).where(Institution.code == INSTITUTION)
        session.scalars(chosen).one().ended_at = clock.now()
    for service in ("find", "retrieve", "commit", "store"):
        with pytest.raises(NotAuthorisedError):
            callers.caller(association, service)
