"""What the jobs do for which trying again is all there is to know.

Each takes the image cloud and what the job is about; `last` tells that it is not tried again. What
they do is imported inside, because it needs the cloud, and the cloud holds the queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from server.cloud import ImageCloud


def fetch_copy(cloud: ImageCloud, remote_study_id: str, *, last: bool) -> None:
    """Fetch a study that another province holds."""
    from server.provinces import fetching

    fetching.attempt(cloud, remote_study_id, last=last)


def search_history(cloud: ImageCloud, application_id: str, *, last: bool) -> None:
    """Search other provinces for an application."""
    from server.cache_applications import searching

    searching.attempt(cloud, application_id, last=last)


def pack_download(cloud: ImageCloud, download_id: str, *, last: bool) -> None:
    """Make the archive of a download."""
    from server.downloads import packing

    packing.attempt(cloud, download_id, last=last)


def recall_study(cloud: ImageCloud, study_id: str, *, last: bool) -> None:
    """Bring a study back from cold storage."""
    from server.archive import recalls

    recalls.carry_out(cloud, study_id, last=last)
