"""One bad object, or one bad frame, is named; the others are shown."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless, generate_uid

from server.cloud import ImageCloud
from server.imaging import delivery, prepare
from server.imaging.decode import DecodeError, frame_results
from server.model import ProcessingState, Series
from tests.imaging.conftest import Stored, as_file, ct_slice, phantom
from viewer_py.dicom import manifest
from viewer_py.dicom.manifest import SeriesManifest


def _prepared(cloud: ImageCloud, stored: Stored) -> tuple[ProcessingState, SeriesManifest]:
    prepare.prepare_study(cloud, stored.study_id)
    with cloud.database.session() as session:
        series = session.get_one(Series, stored.series_id)
        described = manifest.from_json(delivery.manifest_json(cloud, session, series))
        records = list(delivery.frame_records(cloud, session, series, range(len(described.frames))))
        assert len(records) == series.frame_count == len(described.frames)
        return series.state, described


def _multiframe(count: int, broken: set[int]) -> Dataset:
    """A multi-frame object in JPEG-LS, some of whose codestreams are rubbish."""
    import imagecodecs

    frames = [bytes(imagecodecs.jpegls_encode(phantom(number))) for number in range(count)]
    for place in broken:
        frames[place] = frames[place][:40] + b"\xff\xd9"
    dataset = ct_slice(phantom(1), 1, generate_uid(), NumberOfFrames=count)
    dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
    dataset.PixelData = encapsulate(frames)
    return dataset


@pytest.mark.requirement("B-50")
@pytest.mark.filterwarnings("ignore")
def test_a_series_shows_what_can_be_shown_and_names_the_rest(
    cloud: ImageCloud, store_series: Callable[..., Stored]
) -> None:
    uid = generate_uid()
    files = [as_file(ct_slice(phantom(number), number, uid)) for number in (1, 2, 4)]
    damaged = ct_slice(phantom(3), 3, uid, PixelData=b"\0\0")
    odd = ct_slice(phantom(5), 5, uid, PhotometricInterpretation="CMYK")
    stored = store_series([*files, as_file(damaged), as_file(odd)])
    state, described = _prepared(cloud, stored)
    assert state == ProcessingState.READY
    assert [frame.instance_number for frame in described.frames] == [1, 2, 4]
    reasons = {one.instance_number: one.reason for one in described.refused}
    assert reasons[3] == "damaged_pixels"
    assert reasons[5] == "unsupported_photometric"
    assert len(described.refused) == 2
    assert {one.sop_instance_uid for one in described.refused} == {
        damaged.SOPInstanceUID,
        odd.SOPInstanceUID,
    }
    assert all(" / " in one.message for one in described.refused)


@pytest.mark.filterwarnings("ignore")
def test_of_a_multi_frame_object_only_the_bad_frames_are_missing(
    cloud: ImageCloud, store_series: Callable[..., Stored]
) -> None:
    stored = store_series([as_file(_multiframe(5, {1, 4}))])
    state, described = _prepared(cloud, stored)
    assert state == ProcessingState.READY
    assert [frame.frame_number for frame in described.frames] == [1, 3, 4]
    assert [one.frame_number for one in described.refused] == [2, 5]


@pytest.mark.filterwarnings("ignore")
def test_the_good_frames_beside_bad_ones_are_exact() -> None:
    results = list(frame_results(_multiframe(4, {0, 2})))
    assert [isinstance(result, DecodeError) for result in results] == [True, False, True, False]
    for place in (1, 3):
        assert np.array_equal(results[place], phantom(place))


@pytest.mark.filterwarnings("ignore")
def test_an_object_that_only_has_bad_frames_is_given_up_early() -> None:
    results = list(frame_results(_multiframe(200, set(range(200)))))
    assert len(results) < 40
    assert all(isinstance(result, DecodeError) for result in results)


@pytest.mark.filterwarnings("ignore")
def test_frames_that_are_not_there_are_named(
    cloud: ImageCloud, store_series: Callable[..., Stored]
) -> None:
    dataset = _multiframe(3, set())
    dataset.NumberOfFrames = 5
    _state, described = _prepared(cloud, store_series([as_file(dataset)]))
    assert len(described.frames) == 3
    assert [one.frame_number for one in described.refused][-1] >= 4
