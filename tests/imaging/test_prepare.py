"""The preview job and what is delivered of it."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.uid import generate_uid

from server.cloud import ImageCloud
from server.imaging import codec, delivery, prepare
from server.model import PreviewKind, ProcessingState, Series, Study
from tests.imaging.conftest import WHEEL, Stored, add_instance, as_file, ct_slice, phantom
from viewer_py.dicom import manifest
from viewer_py.dicom.pack import HEAD, read_head
from viewer_py.pixels import pipeline
from viewer_py.scene.compose import first_corners
from viewer_py.view.state import CanvasSize


def _objects(cloud: ImageCloud, stored: Stored) -> set[str]:
    folder = f"studies/{stored.study_id}/series/{stored.series_id}"
    return {key.rsplit("/", 1)[0] for key in cloud.vault.store.keys(folder)}


def _frames(cloud: ImageCloud, series_id: str) -> list[np.ndarray]:
    """The stored values of a series as a browser would read them from the pack."""
    with cloud.database.session() as session:
        series = session.get_one(Series, series_id)
        described = manifest.from_json(delivery.manifest_json(cloud, session, series))
        indices = list(range(series.frame_count))
        records = list(delivery.frame_records(cloud, session, series, indices))
    frames = []
    for place, record in enumerate(records):
        head = read_head(record)
        assert head.frame_index == place
        assert len(record) == HEAD.size + head.payload_length == described.frame_bytes[place]
        frames.append(codec.decode(head.codec, record[HEAD.size :], described.frames[place]))
    return frames


def _series(cloud: ImageCloud, stored: Stored) -> Series:
    with cloud.database.session() as session:
        series = session.get_one(Series, stored.series_id)
        assert series.study.institution
        assert series.study.data_key
        return series


@pytest.mark.requirement("B-15")
def test_the_pack_holds_the_stored_values_in_reading_order(
    cloud: ImageCloud, ct_series: Stored
) -> None:
    prepare.prepare_study(cloud, ct_series.study_id)
    series = _series(cloud, ct_series)
    assert (series.state, series.frame_count) == (ProcessingState.READY, 5)
    frames = _frames(cloud, ct_series.series_id)
    for number, frame in enumerate(frames, start=1):
        assert np.array_equal(frame, phantom(number))
    with cloud.database.session() as session:
        assert session.get_one(Study, ct_series.study_id).state == ProcessingState.READY


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name",
    [
        "MR_small.dcm",
        "SC_rgb_rle_2frame.dcm",
        "rtdose.dcm",
        "liver_1frame.dcm",
        "examples_palette.dcm",
        "examples_ybr_color.dcm",
        "JPEG2000.dcm",
        "693_J2KI.dcm",
        "MR_small_bigendian.dcm",
    ],
)
def test_every_kind_of_image_comes_through_bit_by_bit(
    name: str, cloud: ImageCloud, store_series: Callable[..., Stored]
) -> None:
    from server.imaging.decode import stored_frames

    stored = store_series([(WHEEL / name).read_bytes()])
    prepare.prepare_study(cloud, stored.study_id)
    expected = list(stored_frames(dcmread(WHEEL / name)))
    found = _frames(cloud, stored.series_id)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.requirement("B-04", "B-07")
def test_the_picture_is_the_default_rendering_in_full_matrix(
    cloud: ImageCloud, ct_series: Stored
) -> None:
    prepare.prepare_study(cloud, ct_series.study_id)
    series = _series(cloud, ct_series)
    with cloud.database.session() as session:
        described = manifest.from_json(delivery.manifest_json(cloud, session, series))
        for index in range(5):
            found = delivery.picture(cloud, session, series, index, PreviewKind.FULL)
            shown = pipeline.display(phantom(index + 1), described.frames[index])
            drawn = np.asarray(Image.open(BytesIO(found.data)))
            assert drawn.shape == shown.shape == (found.height, found.width)
            assert np.abs(drawn.astype(int) - shown).mean() < 3
            exact = delivery.rendered_png(cloud, session, series, index)
            assert np.array_equal(np.asarray(Image.open(BytesIO(exact))), shown)


@pytest.mark.requirement("B-16", "I-11")
@pytest.mark.parametrize(
    ("stations", "named"), [(("CT01", "CT01"), "CT01"), (("CT01", "CT02"), ""), (("", ""), "")]
)
def test_the_corner_names_the_station_that_all_objects_agree_on(
    cloud: ImageCloud, store_series: Callable[..., Stored], stations: tuple[str, ...], named: str
) -> None:
    uid = generate_uid()
    slices = [
        as_file(ct_slice(phantom(number, 32, 32), number, uid, StationName=station))
        for number, station in enumerate(stations, start=1)
    ]
    stored = store_series(slices)
    prepare.prepare_study(cloud, stored.study_id)
    series = _series(cloud, stored)
    with cloud.database.session() as session:
        described = delivery.series_manifest(cloud, session, series)
    assert described.station_name == named
    shown = first_corners(described, 0, CanvasSize(1200.0, 800.0)).top_right
    assert f"CT {named}".strip() in shown


@pytest.mark.requirement("B-44")
def test_the_fast_picture_has_far_fewer_bytes(
    cloud: ImageCloud, store_series: Callable[..., Stored]
) -> None:
    large = ct_slice(phantom(3, 1200, 1000), 1, generate_uid())
    stored = store_series([as_file(large)])
    prepare.prepare_study(cloud, stored.study_id)
    series = _series(cloud, stored)
    with cloud.database.session() as session:
        full = delivery.picture(cloud, session, series, 0, PreviewKind.FULL)
        fast = delivery.picture(cloud, session, series, 0, PreviewKind.FAST)
    assert (full.height, full.width) == (1200, 1000)
    assert (fast.height, fast.width) == (768, 640)
    assert len(fast.data) < len(full.data) / 3


@pytest.mark.requirement("B-11")
def test_a_series_has_one_thumbnail_of_its_middle_frame(
    cloud: ImageCloud, ct_series: Stored
) -> None:
    prepare.prepare_study(cloud, ct_series.study_id)
    series = _series(cloud, ct_series)
    with cloud.database.session() as session:
        first = delivery.picture(cloud, session, series, 0, PreviewKind.THUMBNAIL)
        last = delivery.picture(cloud, session, series, 4, PreviewKind.THUMBNAIL)
        middle = delivery.rendered_png(cloud, session, series, 2)
    assert first == last
    drawn = np.asarray(Image.open(BytesIO(first.data))).astype(int)
    assert np.abs(drawn - np.asarray(Image.open(BytesIO(middle)))).mean() < 8


def test_pixels_that_are_not_square_are_shown_square(
    cloud: ImageCloud, store_series: Callable[..., Stored]
) -> None:
    wide = ct_slice(phantom(1, 100, 80), 1, generate_uid(), PixelSpacing=[1.0, 0.5])
    stored = store_series([as_file(wide)])
    prepare.prepare_study(cloud, stored.study_id)
    series = _series(cloud, stored)
    with cloud.database.session() as session:
        found = delivery.picture(cloud, session, series, 0, PreviewKind.FULL)
    assert (found.width, found.height) == (80, 200)


def test_a_second_run_changes_nothing(cloud: ImageCloud, ct_series: Stored) -> None:
    prepare.prepare_study(cloud, ct_series.study_id)
    first = _series(cloud, ct_series).prepared_key
    prepare.prepare_study(cloud, ct_series.study_id)
    assert _series(cloud, ct_series).prepared_key == first
    assert _objects(cloud, ct_series) == {first}


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it is done."""


@pytest.mark.parametrize("after", [0, 2, 5])
def test_a_run_killed_in_the_middle_leaves_nothing_after_the_next(
    cloud: ImageCloud, ct_series: Stored, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    write, removed = cloud.vault.write, prepare._remove_folder
    writes = 0

    def dying(*arguments: object) -> int:
        nonlocal writes
        writes += 1
        if writes > after:
            raise Killed
        return write(*arguments)

    monkeypatch.setattr(cloud.vault, "write", dying)
    monkeypatch.setattr(prepare, "_remove_folder", lambda *_: None)
    with pytest.raises(Killed):
        prepare.prepare_study(cloud, ct_series.study_id)
    assert _series(cloud, ct_series).state == ProcessingState.PENDING
    assert len(_objects(cloud, ct_series)) == (after > 0)

    monkeypatch.setattr(cloud.vault, "write", write)
    monkeypatch.setattr(prepare, "_remove_folder", removed)
    prepare.prepare_study(cloud, ct_series.study_id)
    series = _series(cloud, ct_series)
    assert series.state == ProcessingState.READY
    assert series.unfinished_key is None
    assert _objects(cloud, ct_series) == {series.prepared_key}
    assert np.array_equal(_frames(cloud, ct_series.series_id)[2], phantom(3))


def test_an_error_on_the_way_leaves_no_objects(
    cloud: ImageCloud, ct_series: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "_manifest", lambda *_: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        prepare.prepare_study(cloud, ct_series.study_id)
    assert _objects(cloud, ct_series) == set()
    assert _series(cloud, ct_series).state == ProcessingState.PENDING


def test_an_object_that_arrives_later_joins_its_series(
    cloud: ImageCloud, ct_series: Stored
) -> None:
    prepare.prepare_study(cloud, ct_series.study_id)
    with cloud.database.session() as session:
        series = session.get_one(Series, ct_series.series_id)
        add_instance(cloud, series, as_file(ct_slice(phantom(6), 6, generate_uid())))
        series.state = series.study.state = ProcessingState.PENDING
    prepare.prepare_study(cloud, ct_series.study_id)
    series = _series(cloud, ct_series)
    assert series.frame_count == 6
    assert np.array_equal(_frames(cloud, ct_series.series_id)[5], phantom(6))
    assert _objects(cloud, ct_series) == {series.prepared_key}


def test_an_object_that_arrives_during_the_run_is_not_lost(
    cloud: ImageCloud, ct_series: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = prepare._write
    arrivals = iter([6])

    def interrupted(*arguments: object) -> object:
        made = write(*arguments)
        for number in arrivals:
            with cloud.database.session() as session:
                series = session.get_one(Series, ct_series.series_id)
                add_instance(
                    cloud, series, as_file(ct_slice(phantom(number), number, generate_uid()))
                )
        return made

    monkeypatch.setattr(prepare, "_write", interrupted)
    prepare.prepare_study(cloud, ct_series.study_id)
    series = _series(cloud, ct_series)
    assert (series.state, series.frame_count) == (ProcessingState.READY, 6)
    assert _objects(cloud, ct_series) == {series.prepared_key}


def test_damaged_pixels_fail_the_series_by_name_and_spare_the_others(
    cloud: ImageCloud, ct_series: Stored, store_series: Callable[..., Stored]
) -> None:
    damaged = ct_slice(phantom(1), 1, generate_uid(), PixelData=b"\0\0")
    with cloud.database.session() as session:
        study = session.get_one(Study, ct_series.study_id)
        other = Series(series_uid=generate_uid(), study=study, modality="CT", series_number=2)
        session.add(other)
        session.flush()
        add_instance(cloud, other, as_file(damaged))
        other_id = other.series_id
    prepare.prepare_study(cloud, ct_series.study_id)
    with cloud.database.session() as session:
        failed = session.get_one(Series, other_id)
        assert (failed.state, failed.failure) == (ProcessingState.FAILED, "damaged_pixels")
        assert failed.unfinished_key is None
        assert session.get_one(Series, ct_series.series_id).state == ProcessingState.READY
        assert session.get_one(Study, ct_series.study_id).state == ProcessingState.READY
        with pytest.raises(delivery.PictureMissingError):
            delivery.manifest_json(cloud, session, failed)

    alone = store_series([as_file(damaged)])
    prepare.prepare_study(cloud, alone.study_id)
    with cloud.database.session() as session:
        assert session.get_one(Study, alone.study_id).state == ProcessingState.FAILED


def test_the_manifest_says_whose_images_they_are_as_the_study_says_today(
    cloud: ImageCloud, ct_series: Stored
) -> None:
    prepare.prepare_study(cloud, ct_series.study_id)
    with cloud.database.session() as session:
        session.get_one(Study, ct_series.study_id).patient_name = "李四"
    with cloud.database.session() as session:
        series = session.get_one(Series, ct_series.series_id)
        described = manifest.from_json(delivery.manifest_json(cloud, session, series))
    assert described.heading.patient_name == "李四"
    assert described.heading.institution_name == "影云演示医院"


def test_a_manifest_of_six_hundred_slices_stays_small() -> None:
    from server.imaging.describe import frame_attributes

    uid = generate_uid()
    frames = tuple(
        next(iter(frame_attributes(ct_slice(phantom(1, 8, 8), number, uid))))
        for number in range(600)
    )
    described = manifest.SeriesManifest("s", uid, "CT", manifest.StudyHeading(), frames)
    assert len(manifest.to_json(described)) < 100_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0-2,4", [range(3), range(4, 5)]), ("7", [range(7, 8)]), ("9-9", [range(9, 10)])],
)
def test_frame_ranges_are_read(text: str, expected: list[range]) -> None:
    assert delivery.parse_ranges(text, 10) == expected


@pytest.mark.parametrize(
    "text", ["", "-", "1-", "-3", "a", "5-2", "0-10", "10", "1,,2", "0x1", "1 - 2", "٣", "9" * 30]
)
def test_malformed_frame_ranges_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"range|frame"):
        delivery.parse_ranges(text, 10)


def test_endless_lists_of_ranges_are_refused() -> None:
    with pytest.raises(ValueError, match="more than"):
        delivery.parse_ranges(",".join("1" for _ in range(2000)), 10)


def test_frames_come_nearest_first() -> None:
    assert delivery.nearest_first(6, 2) == [2, 3, 1, 4, 0, 5]
    assert delivery.nearest_first(6, 99) == [5, 4, 3, 2, 1, 0]
    assert delivery.nearest_first(9, 4, [range(2), range(1, 3), range(8, 20)]) == [2, 1, 8, 0]


def test_frames_that_do_not_exist_are_refused(cloud: ImageCloud, ct_series: Stored) -> None:
    prepare.prepare_study(cloud, ct_series.study_id)
    series = _series(cloud, ct_series)
    with cloud.database.session() as session:
        for call in (
            lambda: list(delivery.frame_records(cloud, session, series, [5])),
            lambda: delivery.rendered_png(cloud, session, series, -1),
            lambda: delivery.picture(cloud, session, series, 5, PreviewKind.FULL),
        ):
            with pytest.raises(delivery.PictureMissingError):
                call()
