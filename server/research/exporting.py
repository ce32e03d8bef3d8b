"""What was asked for research: found, cleaned, looked at once more, and packed while it is sent.

plan = exporting.plan(cloud, session, ResearchWanted.from_json(request.wanted))
for piece in exporting.archive(cloud, plan): ...
"""

from __future__ import annotations

import random
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import structlog
from pydicom import dcmread
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server import people, sensitivity
from server.archive.erasure import not_erased
from server.centre.period import Period
from server.model import DataKey, Instance, Series, Study
from server.provinces.records import is_own
from server.research.deidentifying import METHOD, Renaming, deidentified, may_be_burnt_in
from server.research.identifiers import identifiers_of, left_over
from server.sensitivity.marks import Marked, Sensitivity
from server.sensitivity.policy import Policy, Rule
from server.storage import StorageError
from server.zip_sink import ZipSink

if TYPE_CHECKING:
    from server.cloud import ImageCloud

log = structlog.get_logger()

RESEARCH = "research"
MOST_STUDIES = 2000
_MADE = (1980, 1, 1, 0, 0, 0)  # of all files: when is nobody's business
# Whatever is specially sensitive does not leave, images, report or person.
_READER = sensitivity.Reader.RECIPIENT
_NO_SPECIAL = Policy(
    tuple(
        Rule(marked, Sensitivity.SPECIAL, frozenset({_READER}), frozenset({"download"}))
        for marked in Marked
    )
)


@dataclass(frozen=True)
class ResearchWanted:
    """Studies of a period, perhaps of one institution, modality, body part; the approval's number.

    `kind` and `as_json` are what `server.centre.exports.ask` keeps.
    """

    period: Period
    institution_id: int | None
    modality: str
    body_part: str
    approval: str

    @property
    def kind(self) -> str:
        """Return the kind of the request."""
        return RESEARCH

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept with the request."""
        return self.period.as_json() | {
            "institution_id": self.institution_id,
            "modality": self.modality,
            "body_part": self.body_part,
            "approval": self.approval,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> ResearchWanted:
        """Return what `as_json` wrote."""
        return cls(
            Period.from_json(kept),
            kept["institution_id"],
            kept["modality"],
            kept["body_part"],
            kept["approval"],
        )


@dataclass(frozen=True)
class _Object:
    object_key: str
    series_id: str


@dataclass(frozen=True)
class PlannedStudy:
    """One study that leaves: where its objects lie, whose it is, and what must not be left over."""

    patient: str
    data_key: DataKey
    objects: tuple[_Object, ...]
    known: frozenset[str]


@dataclass(frozen=True)
class Plan:
    """What leaves, in an order that says nothing."""

    studies: tuple[PlannedStudy, ...]

    @property
    def objects(self) -> int:
        """Return how many objects there are."""
        return sum(len(one.objects) for one in self.studies)


def plan(cloud: ImageCloud, session: Session, wanted: ResearchWanted) -> Plan:
    """Return what was asked for: at most `MOST_STUDIES`, none that is specially sensitive, erased,
    or another province's."""
    found = (
        select(Study)
        .options(joinedload(Study.person), joinedload(Study.institution))
        .where(
            Study.study_datetime >= wanted.period.start,
            Study.study_datetime < wanted.period.end,
            not_erased(),
            is_own(),
            sensitivity.permitted(_NO_SPECIAL, _READER, "download"),
        )
        .order_by(Study.study_datetime.desc())
        .limit(MOST_STUDIES)
    )
    if wanted.institution_id is not None:
        found = found.where(Study.institution_id == wanted.institution_id)
    if wanted.modality:
        found = found.where(Study.modality == wanted.modality)
    if wanted.body_part:
        found = found.where(Study.body_part == wanted.body_part)
    studies = [_planned(cloud, session, one) for one in session.scalars(found)]
    random.SystemRandom().shuffle(studies)
    return Plan(tuple(studies))


def _planned(cloud: ImageCloud, session: Session, study: Study) -> PlannedStudy:
    rows = session.execute(
        select(Instance.object_key, Series.series_id)
        .join(Series, Series.series_id == Instance.series_id)
        .where(Series.study_id == study.study_id)
        .order_by(Series.series_number, Series.series_id, Instance.instance_number, Instance.id)
    ).all()
    own = f"{study.institution_id} {study.patient_id or study.study_id}"
    patient = own if study.person_id is None else f"person {study.person_id}"
    objects = tuple(_Object(*row) for row in rows)
    return PlannedStudy(patient, study.data_key, objects, _known(cloud, study))


def _known(cloud: ImageCloud, study: Study) -> frozenset[str]:
    """Return what our own tables know of whom and where a study shows."""
    institution = study.institution
    found = {
        study.patient_name, study.patient_id, study.accession_number, study.study_uid,
        study.study_id, study.cloud_index, institution.name, institution.code,
    }  # fmt: skip
    for report in study.reports:
        found |= {report.reporting_physician, report.reviewing_physician}
    if study.person is not None:
        number, phone = people.id_number(cloud, study.person), people.phone(cloud, study.person)
        found |= {study.person.name, study.person.person_code, number or "", phone or ""}
    return frozenset(found) - {""}


def archive(cloud: ImageCloud, chosen: Plan) -> Iterator[bytes]:
    """Yield a ZIP archive piece by piece, one object in memory at a time.

    What cannot be read, may show a name in its pixels, or holds anything known after it was
    cleaned, is left out and counted in `README.txt`, the last file.
    """
    renaming, counts, sink = Renaming(), Counter[str](), ZipSink()
    numbers: dict[str, int] = {}
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as packed:
        for place, study in enumerate(chosen.studies, 1):
            series: dict[str, int] = {}
            patient = numbers.setdefault(study.patient, len(numbers) + 1)
            for one in study.objects:
                why, data = _cleaned(cloud, study, one, renaming)
                counts[why] += 1
                if data is None:
                    continue
                folder = series.setdefault(one.series_id, len(series) + 1)
                path = f"P{patient:05d}/S{place:05d}/{folder:03d}/{counts['']:07d}.dcm"
                packed.writestr(zipfile.ZipInfo(path, date_time=_MADE), data)
                yield sink.taken()
        packed.writestr(zipfile.ZipInfo("README.txt", date_time=_MADE), _readme(counts))
    log.info("research_exported", studies=len(chosen.studies), **_told(counts))
    yield sink.taken()


def _cleaned(
    cloud: ImageCloud, study: PlannedStudy, one: _Object, renaming: Renaming
) -> tuple[str, bytes | None]:
    """Return a cleaned object, or why there is none."""
    try:
        data = cloud.vault.read(study.data_key, one.object_key)
    except StorageError:
        return "unreadable", None
    try:
        source = dcmread(BytesIO(data), stop_before_pixels=True)
        if may_be_burnt_in(source):
            return "burnt_in", None
        known = study.known | identifiers_of(source)
        made = deidentified(data, renaming, patient=study.patient)
        return ("left_over", None) if left_over(made, known) else ("", made)
    except Exception as error:
        # pydicom raises many kinds on unusual values; what cannot be cleaned does not leave.
        log.warning("research_object_left_out", error=type(error).__name__)
        return "unreadable", None


def _told(counts: Counter[str]) -> dict[str, int]:
    return {why or "packed": count for why, count in sorted(counts.items())}


def _readme(counts: Counter[str]) -> str:
    return f"""去标识化影像 / De-identified images

方法 / Method: {METHOD}
打包 / packed: {counts[""]}
像素中可能印有姓名，未导出 / left out, names may be burnt in: {counts["burnt_in"]}
核对时发现残留信息，未导出 / left out, something was left over: {counts["left_over"]}
无法读取，未导出 / left out, not readable (cold, damaged): {counts["unreadable"]}

编号随机生成，不保存对照，无法还原。日期已删除，私有标签已删除。
Numbers are random and were not kept; there is no way back. Dates and private attributes are gone.

注意 / Warning: 头面部影像可重建面容，像素也可能含有程序不能识别的文字；请只在约定的环境中使用，
不得尝试识别个人。 / Faces can be rebuilt from images of the head, and pixels may hold words that
no program finds; use them only where it was agreed, and do not try to find anybody.
"""
