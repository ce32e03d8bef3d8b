"""Hospitals' exam items mapped to the insurance's imaging items (编码标准化管理, D-16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from server import clock
from server.centre.acting import Actor, OutOfReachError
from server.csv_files import Value, csv_bytes, csv_rows
from server.model import CodeMapping, Institution, Report, ReportStatus, Study

HEADS = ("机构代码", "医院项目", "医保项目代码", "医保项目名称")
_ITEM, _CODE = 200, 40


class MappingError(ValueError):
    """This is no mapping; `field` is what is wrong."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True)
class StandardItem:
    """An insurance item."""

    code: str
    name: str


@dataclass(frozen=True)
class Unmapped:
    """An item that an institution's studies name and that stands for nothing yet."""

    institution: Institution
    hospital_item: str
    studies: int


@dataclass(frozen=True)
class Loaded:
    """What a file of mappings changed; `unknown` are codes of institutions that are not ours."""

    added: int
    changed: int
    unknown: tuple[str, ...]


def hospital_item() -> ColumnElement[str]:
    """Return the item of a Study as its hospital names it: its newest reviewed report's, else its
    description."""
    reported = (
        select(Report.exam_item)
        .where(
            Report.study_id == Study.study_id,
            Report.status == ReportStatus.REVIEWED,
            Report.exam_item != "",
        )
        .order_by(Report.version.desc())
        .limit(1)
        .correlate(Study)
        .scalar_subquery()
    )
    return func.coalesce(reported, Study.description)


def standard_items(session: Session, study_ids: Sequence[str]) -> dict[str, StandardItem]:
    """Return the insurance items of studies, by study_id; a study without mapping is left out."""
    rows = session.execute(
        select(Study.study_id, CodeMapping.item_code, CodeMapping.item_name)
        .join(
            CodeMapping,
            (CodeMapping.institution_id == Study.institution_id)
            & (CodeMapping.hospital_item == hospital_item()),
        )
        .where(Study.study_id.in_(study_ids))
    )
    return {study_id: StandardItem(code, name) for study_id, code, name in rows}


def mappings(session: Session, actor: Actor, institution_id: int | None) -> Sequence[CodeMapping]:
    """Return the mappings of an institution, or of all that the actor reaches."""
    wanted = select(CodeMapping).options(joinedload(CodeMapping.institution))
    chosen = actor.scope if actor.scope is not None else institution_id
    if chosen is not None:
        wanted = wanted.where(CodeMapping.institution_id == chosen)
    return session.scalars(
        wanted.order_by(CodeMapping.institution_id, CodeMapping.hospital_item)
    ).all()


def unmapped(session: Session, institution_id: int | None) -> list[Unmapped]:
    """Return the items without mapping, those of most studies first (D-16)."""
    item = hospital_item().label("item")
    known = (
        select(CodeMapping.mapping_id)
        .where(
            CodeMapping.institution_id == Study.institution_id,
            CodeMapping.hospital_item == hospital_item(),
        )
        .correlate(Study)
        .exists()
    )
    named = select(Study.institution_id, item).where(~known)
    if institution_id is not None:
        named = named.where(Study.institution_id == institution_id)
    part = named.subquery()
    count = func.count()
    rows = session.execute(
        select(Institution, part.c.item, count)
        .join(part, part.c.institution_id == Institution.id)
        .where(part.c.item != "")
        .group_by(Institution.id, part.c.item)
        .order_by(count.desc(), part.c.item)
    )
    return [Unmapped(institution, name, studies) for institution, name, studies in rows]


def keep(
    session: Session, actor: Actor, institution_id: int, hospital_item: str, item: StandardItem
) -> bool:
    """Map an item, or map it anew; tell whether it was new. Raises MappingError."""
    actor.must_reach(institution_id)
    added = _keep(session, institution_id, hospital_item, item)
    event = "code_mapping.add" if added else "code_mapping.change"
    actor.note(session, event, "institution", str(institution_id), {"code": item.code[:_CODE]})
    return added


def remove(session: Session, actor: Actor, mapping_id: str) -> None:
    """Delete a mapping; its item is listed as unmapped again. Raises OutOfReachError."""
    found = session.get(CodeMapping, mapping_id)
    if found is None:
        raise OutOfReachError
    actor.must_reach(found.institution_id)
    session.delete(found)
    actor.note(
        session,
        "code_mapping.remove",
        "institution",
        str(found.institution_id),
        {"code": found.item_code},
    )


def to_csv(session: Session, actor: Actor) -> bytes:
    """Return the mappings that an actor reaches as CSV, in the form that `load` takes."""
    rows: list[Sequence[Value]] = [
        (one.institution.code, one.hospital_item, one.item_code, one.item_name)
        for one in mappings(session, actor, None)
    ]
    return csv_bytes(HEADS, rows)


def load(session: Session, actor: Actor, data: bytes) -> Loaded:
    """Keep the mappings of a CSV file with the columns of HEADS, all or none.

    Raises CsvError, MappingError.
    """
    rows = csv_rows(data, len(HEADS))
    ids = {one.code: one.id for one in session.scalars(select(Institution))}
    added = changed = 0
    unknown: dict[str, None] = {}
    for code, item, item_code, item_name in rows:
        institution_id = ids.get(code.upper())
        if institution_id is None or not actor.reaches(institution_id):
            unknown[code] = None
            continue
        new = _keep(session, institution_id, item, StandardItem(item_code, item_name))
        added, changed = added + new, changed + (not new)
    actor.note(session, "code_mapping.load", "list", "", {"added": added, "changed": changed})
    return Loaded(added, changed, tuple(unknown))


def _keep(session: Session, institution_id: int, hospital_item: str, item: StandardItem) -> bool:
    named = hospital_item.strip()
    code, name = item.code.strip(), item.name.strip()
    if not 0 < len(named) <= _ITEM:
        raise MappingError("hospital_item")
    if not 0 < len(code) <= _CODE:
        raise MappingError("item_code")
    if not 0 < len(name) <= _ITEM:
        raise MappingError("item_name")
    found = session.scalar(
        select(CodeMapping).where(
            CodeMapping.institution_id == institution_id, CodeMapping.hospital_item == named
        )
    )
    if found is None:
        session.add(
            CodeMapping(
                institution_id=institution_id, hospital_item=named, item_code=code, item_name=name
            )
        )
        session.flush()
        return True
    found.item_code, found.item_name, found.changed_at = code, name, clock.now()
    return False
