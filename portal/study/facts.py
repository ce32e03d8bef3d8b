"""What can be asked about a study beside its pictures: DICOM elements, other examinations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, json, jsonify
from werkzeug.exceptions import NotFound, UnprocessableEntity

from portal.auditing import note_view
from portal.context import current_cloud, database_session
from portal.decisions import study_action
from portal.doors import StudyDoor
from portal.study import shown
from portal.study.data import json_answer, series_entry
from server import priors
from server.access import Action
from server.imaging.tags import TagsUnreadableError, instance_tags
from server.model import Study
from server.terms import body_part_label, china_time, modality_label

blueprint = Blueprint("study_facts", __name__)


@blueprint.get("/series/<series_id>/instances/<sop_instance_uid>/tags.json")
@study_action(Action.VIEW_DICOM, data=True)
def tags(door: StudyDoor, series_id: str, sop_instance_uid: str) -> Response:
    """Send the elements of one object (标签, C-27); who is pictured is masked as in the corners."""
    series = shown.one_series(door, series_id)
    masked = not shown.shows_identity(door)
    try:
        table = instance_tags(
            current_cloud(),
            database_session(),
            series,
            sop_instance_uid,
            masked=masked,
            accession=shown.shows_accession(door),
        )
    except TagsUnreadableError as error:
        raise UnprocessableEntity from error
    if table is None:
        raise NotFound
    note_view(door, "dicom.tags", series_id=series_id)
    return json_answer(json.dumps(table.as_dict(), ensure_ascii=False))


@blueprint.get("/priors.json")
@study_action(Action.VIEW_DICOM, data=True)
def other_studies(door: StudyDoor) -> Response:
    """List the other studies of the same person that this door's grant may see (C-25)."""
    found = priors.studies_beside(current_cloud(), database_session(), door.grant, door.study)
    studies = [_study(door, one) for one in found]
    return jsonify({"current": door.study.study_id, "studies": studies})


def _study(door: StudyDoor, study: Study) -> dict[str, Any]:
    """Return what the viewer must know of another study; `base` is where its data are."""
    address = door.base_url.removesuffix(door.study.study_id) + study.study_id
    beside = replace(door, base_url=address, study=study)
    return {
        "study_id": study.study_id,
        "base": beside.base_url,
        "institution": study.institution.name,
        "study_date": china_time(study.study_datetime).strftime("%Y-%m-%d"),
        "study_datetime": china_time(study.study_datetime).isoformat(),
        "modality": study.modality,
        "modality_label": modality_label(study.modality),
        "body_part": body_part_label(study.body_part),
        "description": shown.study_name(study),
        "series": [series_entry(beside, one) for one in shown.ready_series(beside)],
    }
