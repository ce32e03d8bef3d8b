"""Files beside the repository, where there are some: objects of many makers, and broken ones.

They cannot be in the repository; without them these tests are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from tests.viewer import dcmtk
from tests.viewer.objects import attributes, read, write
from viewer_py.dicom.manifest import FrameAttributes
from viewer_py.pixels import pipeline, transfer, voi

DATA = Path(__file__).parents[3] / "shared" / "data"
# Objects made to fill a memory are the business of ingest, not of the pixel pipeline.
NOT_OURS = ("bomb", "too_big", "999999", "4gb")

pytestmark = pytest.mark.skipif(
    not (DATA / "INDEX.csv").exists(), reason="no shared data beside the repository"
)

GreyObject = tuple[str, Dataset, np.ndarray, FrameAttributes]


def grey_objects(folder: str) -> Iterator[GreyObject]:
    """Yield every grey object of the folder that decodes; what does not is a test of ingest."""
    for path in sorted((DATA / folder).rglob("*")):
        if path.is_dir() or any(word in path.name for word in NOT_OURS):
            continue
        try:
            dataset, stored = read(path)
            frame = attributes(dataset, stored)
        except Exception:  # whatever pydicom and the codecs raise on broken files
            continue
        if stored.ndim == 2:
            yield path.name, dataset, stored, frame


@pytest.mark.requirement("B-07", "B-16")
@pytest.mark.parametrize(("folder", "at_least"), [("syntax", 40), ("hostile", 15)])
def test_default_picture_beside_dcmtk(folder: str, at_least: int, tmp_path: Path) -> None:
    """Compare all but the padding, which DCMTK draws like any other value."""
    judged, disagreements = 0, []
    for name, dataset, stored, frame in grey_objects(folder):
        window = voi.default_window(frame)
        if window.function != voi.LINEAR or frame.voi_luts:
            continue
        plain = write(tmp_path / "plain.dcm", dataset, stored)
        theirs = dcmtk.picture(plain, *dcmtk.window(window.center, window.width))
        ours = pipeline.display(stored, frame)
        image = ~transfer.is_padding(transfer.display_transfer(frame), stored)
        distance = np.abs(ours.astype(int) - theirs.astype(int))[image]
        if distance.size and distance.max() > 1:
            disagreements.append((name, int(distance.max())))
        judged += 1
    assert disagreements == []
    assert judged >= at_least
