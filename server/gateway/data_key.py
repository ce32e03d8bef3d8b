"""The data key of a front machine's spool, wrapped by its master key."""

from __future__ import annotations

import os

from server.db import Database
from server.gateway.tables import Kept
from server.keys import KEY_BYTES, MasterKey
from server.model import DataKey

_KEY = "data_key"


def open_data_key(database: Database, master_key: MasterKey) -> DataKey:
    """Return the key, made at the first start."""
    with database.session() as session:
        kept = session.get(Kept, _KEY)
        if kept is None:
            wrapped = master_key.wrap(os.urandom(KEY_BYTES), f"data key {_KEY}")
            kept = Kept(name=_KEY, secret=wrapped)
            session.add(kept)
        return DataKey(id=_KEY, master_key_id=master_key.key_id, wrapped_key=kept.secret)
