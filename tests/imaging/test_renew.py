"""Series prepared in an older form are made anew, and read as they are until then."""

from __future__ import annotations

from collections.abc import Callable

from server.cloud import ImageCloud
from server.imaging import delivery, prepare
from server.imaging.renew import renew_outdated
from server.model import ProcessingState, Series, Study
from tests.imaging.conftest import Stored, as_file, ct_slice, phantom
from viewer_py.dicom import manifest


def _age(cloud: ImageCloud, stored: Stored) -> None:
    """Move a prepared series to where, and to what, version 1 wrote."""
    with cloud.database.session() as session:
        series = session.get_one(Series, stored.series_id)
        data_key = series.study.data_key
        old = str(series.prepared_key)
        new = f"studies/{stored.study_id}/series/{stored.series_id}/oldform"
        for key in list(cloud.vault.store.keys(old)):
            data = cloud.vault.read(data_key, key)
            if key.endswith("/manifest"):
                data = data.replace(b'"version":2', b'"version":1')
            cloud.vault.write(data_key, key.replace(old, new), data)
            cloud.vault.delete(key)
        series.prepared_key = new


def _states(cloud: ImageCloud, stored: Stored) -> tuple[ProcessingState, ProcessingState]:
    with cloud.database.session() as session:
        study = session.get_one(Study, stored.study_id)
        return session.get_one(Series, stored.series_id).state, study.state


def test_an_outdated_series_waits_again_and_is_replaced(
    cloud: ImageCloud, ct_series: Stored, store_series: Callable[..., Stored]
) -> None:
    other = store_series([as_file(ct_slice(phantom(9), 9, "1.2.3.9"))])
    for stored in (ct_series, other):
        prepare.prepare_study(cloud, stored.study_id)
    assert renew_outdated(cloud) == 0
    _age(cloud, ct_series)
    with cloud.database.session() as session:
        series = session.get_one(Series, ct_series.series_id)
        assert len(delivery.series_manifest(cloud, session, series).frames) == 5
    assert renew_outdated(cloud) == 1
    pending, ready = ProcessingState.PENDING, ProcessingState.READY
    assert _states(cloud, ct_series) == (pending, pending)
    assert _states(cloud, other) == (ready, ready)
    prepare.prepare_study(cloud, ct_series.study_id)
    assert _states(cloud, ct_series) == (ready, ready)
    assert renew_outdated(cloud) == 0
    keys = list(cloud.vault.store.keys(f"studies/{ct_series.study_id}/series"))
    assert not any("oldform" in key for key in keys)
    with cloud.database.session() as session:
        series = session.get_one(Series, ct_series.series_id)
        text = cloud.vault.read(series.study.data_key, f"{series.prepared_key}/manifest")
    assert f'"version":{manifest.MANIFEST_VERSION}'.encode() in text
