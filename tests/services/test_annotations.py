"""Annotations kept for a reader: sealed, never overwritten unseen, gone with the study."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update

from server import annotations, audit
from server.access import share_grant
from server.annotations import AnnotationsRefused, Kept, StaleRevision
from server.cloud import ImageCloud
from server.model import AnnotationSet, AuditEvent, Instance, Report, Series, Share, Study
from server.storage import DataKeyDestroyedError, ObjectDamagedError
from tests.factories import SignInFacts, make_account
from tests.services.annotation_case import AnnotationCase, make_annotation_case
from viewer_py.measure.annotation import Annotation, AnnotationKind, ImageReference

WORDS = "右肺上叶结节 张三丰"


@pytest.fixture
def case(cloud: ImageCloud, patient: SignInFacts) -> AnnotationCase:
    return make_annotation_case(cloud, patient)


def line(case: AnnotationCase, name: str = "a", words: str = WORDS) -> Annotation:
    return case.mark(name, AnnotationKind.LENGTH, (1.0, 2.0, 4.0), (5.0, 6.0, 4.0), text=words)


def save(case: AnnotationCase, revision: int, *marks: Annotation) -> int:
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.study_id)
        return annotations.save(case.cloud, session, case.grant(), study, revision, marks)


def load(case: AnnotationCase, account_id: int | None = None) -> Kept:
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.study_id)
        return annotations.load(case.cloud, session, study, account_id or case.patient.account_id)


@pytest.mark.requirement("B-30", "C-15")
def test_what_was_saved_is_there_again(case: AnnotationCase) -> None:
    assert load(case) == Kept(0, ())
    assert save(case, 0, line(case)) == 1
    assert load(case) == Kept(1, (line(case),))
    assert save(case, 1, line(case), line(case, "b")) == 2
    assert save(case, 2) == 3
    assert load(case) == Kept(3, ())


def test_each_reader_has_his_own(case: AnnotationCase) -> None:
    save(case, 0, line(case))
    other = make_account(case.cloud, "lisi")
    assert load(case, other.account_id) == Kept(0, ())


@pytest.mark.parametrize("stale", [0, 1, 3, 7])
def test_a_stale_revision_changes_nothing_and_is_told_what_is_kept(
    case: AnnotationCase, stale: int
) -> None:
    save(case, 0, line(case))
    save(case, 1, line(case, "b"))
    with pytest.raises(StaleRevision) as error:
        save(case, stale, line(case, "c"))
    assert error.value.revision == 2
    assert load(case) == Kept(2, (line(case, "b"),))


def test_of_two_devices_that_save_at_once_one_is_told(case: AnnotationCase) -> None:
    ready = threading.Barrier(4)
    outcomes: list[str] = []

    def one_device(name: str) -> None:
        ready.wait()
        try:
            save(case, 0, line(case, name))
        except StaleRevision:
            outcomes.append("stale")
        else:
            outcomes.append(name)

    devices = [threading.Thread(target=one_device, args=(f"d{n}",)) for n in range(4)]
    for device in devices:
        device.start()
    for device in devices:
        device.join()
    (winner,) = [outcome for outcome in outcomes if outcome != "stale"]
    assert outcomes.count("stale") == 3
    assert [one.annotation_id for one in load(case).annotations] == [winner]


@pytest.mark.requirement("F-14", "F-22")
def test_words_about_a_patient_are_nowhere_in_clear(case: AnnotationCase) -> None:
    save(case, 0, line(case))
    with case.cloud.database.session() as session:
        sealed = session.execute(select(AnnotationSet.content_sealed)).scalar_one()
        assert WORDS.encode() not in sealed
        events = session.scalars(select(AuditEvent).where(AuditEvent.event == "annotations.save"))
        (event,) = events
        assert (event.object_id, event.actor) == (
            case.study_id,
            f"account:{case.patient.account_id}",
        )
        assert event.detail == {"revision": 1, "count": 1}
        assert audit.verify(session).ok


@pytest.mark.requirement("F-14")
def test_a_sealed_row_cannot_be_moved_to_another_reader_or_altered(case: AnnotationCase) -> None:
    save(case, 0, line(case))
    other = make_account(case.cloud, "lisi")
    with case.cloud.database.session() as session:
        session.execute(update(AnnotationSet).values(account_id=other.account_id))
    with pytest.raises(ObjectDamagedError):
        load(case, other.account_id)


def test_they_end_with_the_key_of_the_study_and_with_the_study(case: AnnotationCase) -> None:
    save(case, 0, line(case))
    with case.cloud.database.session() as session:
        session.get_one(Study, case.study_id).data_key.wrapped_key = None
    with pytest.raises(DataKeyDestroyedError):
        load(case)
    with case.cloud.database.session() as session:
        ids = select(Series.series_id).where(Series.study_id == case.study_id)
        session.execute(delete(Instance).where(Instance.series_id.in_(ids)))
        for table in (Report, Series, Study):
            session.execute(delete(table).where(table.study_id == case.study_id))
    with case.cloud.database.session() as session:
        assert session.scalars(select(AnnotationSet)).all() == []


def test_marks_elsewhere_are_refused(case: AnnotationCase) -> None:
    mark = line(case)
    for image, words in (
        (ImageReference("elsewhere"), "标注不属于此检查的序列"),
        (replace(mark.image, sop_instance_uid="1.2.3"), "标注不属于此检查的图像"),
    ):
        with pytest.raises(AnnotationsRefused) as error:
            save(case, 0, replace(mark, image=image))
        assert error.value.words.chinese == words
    assert load(case) == Kept(0, ())


def test_more_than_can_be_read_again_is_refused(case: AnnotationCase) -> None:
    many = [line(case, f"m{number}", "字" * 1000) for number in range(400)]
    with pytest.raises(AnnotationsRefused, match="too large"):
        save(case, 0, *many)
    assert load(case) == Kept(0, ())


def test_nobody_without_an_account_keeps_any(case: AnnotationCase) -> None:
    with case.cloud.database.session() as session:
        study = session.get_one(Study, case.study_id)
        share = Share(
            share_id="s", study_id=case.study_id, scope={"dicom": True},
            expires_at=study.study_datetime,
        )  # fmt: skip
        with pytest.raises(ValueError, match="account"):
            annotations.save(case.cloud, session, share_grant(share), study, 0, ())
