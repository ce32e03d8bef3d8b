"""What there is to fetch of a study, as the centre tells a front machine."""

from __future__ import annotations

from dataclasses import dataclass

from server.provinces.wire import ListedObject


@dataclass(frozen=True)
class Listing:
    """The objects of a study, in the order in which they come.

    `own`: the hospital that asks made it, so its doctors read it without anybody's authorisation.
    """

    study_uid: str
    own: bool
    objects: tuple[ListedObject, ...]
