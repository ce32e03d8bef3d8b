"""The data of a study: pictures, series manifests, frames; each object authorised afresh (F-64)."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Iterator

import brotli
from flask import Blueprint, Response, json, jsonify, request
from werkzeug.exceptions import BadRequest, NotFound

from portal.auditing import note_view
from portal.context import current_cloud, database_session
from portal.decisions import study_action
from portal.doors import StudyDoor
from portal.static_files import accepted_codings
from portal.study import captions, shown, watermark
from server import access
from server.access import AccessDenied, Action
from server.imaging import delivery
from server.imaging.opening import opening_frame
from server.imaging.pictures import PNG, Picture
from server.model import PreviewKind, Series, Study
from server.terms import modality_label
from viewer_py.dicom import manifest

blueprint = Blueprint("study_data", __name__)

PACK_TYPE = "application/octet-stream"
QUICK_BROTLI = 4
# How many frames go out between two looks at whether the grant still holds.
FRAMES_A_CHECK = 8


@blueprint.get("/viewer.json")
@study_action(Action.VIEW_DICOM, data=True)
def viewer(door: StudyDoor) -> Response:
    """List the series that the viewer may open."""
    return jsonify({"series": [series_entry(door, one) for one in shown.ready_series(door)]})


def series_entry(door: StudyDoor, series: Series) -> dict[str, object]:
    """Return what the viewer's list of series says of one."""
    return {
        "series_id": series.series_id,
        "series_number": series.series_number,
        "description": shown.series_name(series),
        "modality": series.modality,
        "modality_label": modality_label(series.modality),
        "body_part": series.body_part,
        "frame_count": series.frame_count,
        "pack_bytes": series.pack_bytes,
        "thumbnail_url": thumbnail_url(door, series),
    }


def closed_entry(series: Series) -> dict[str, object]:
    """Return what the page's list of series says of one that cannot be shown, and why."""
    return {
        "description": shown.series_name(series),
        "modality_label": modality_label(series.modality),
        "why": shown.why_closed(series),
    }


def thumbnail_url(door: StudyDoor, series: Series) -> str:
    """Return the address of the small picture that stands for a series."""
    middle = opening_frame(series)
    return door.url(f"series/{series.series_id}/pictures/{middle}/thumbnail")


@blueprint.get("/watermark.svg")
@study_action(Action.VIEW_PICTURES, data=True)
def watermark_tile(door: StudyDoor) -> Response:
    """Send the words over still pictures (C-40); a patient has none on his own."""
    text = watermark.words(door)
    if not text:
        raise NotFound
    return Response(watermark.tile(text), content_type="image/svg+xml")


@blueprint.get("/series/<series_id>/manifest.json")
@study_action(Action.VIEW_DICOM, data=True)
def series_manifest(door: StudyDoor, series_id: str) -> Response:
    """Send what a viewer must know of a series before its pixels arrive."""
    series = shown.one_series(door, series_id)
    return json_answer(manifest.to_json(shown.series_manifest(door, series)))


@blueprint.get("/series/<series_id>/overlays")
@study_action(Action.VIEW_DICOM, data=True)
def series_overlays(door: StudyDoor, series_id: str) -> Response:
    """Send the overlay planes of a series (viewer_py.dicom.overlays); there may be none."""
    data = delivery.overlay_planes(current_cloud(), shown.one_series(door, series_id))
    if not data:
        raise NotFound
    return Response(data, content_type=PACK_TYPE)


def json_answer(text: str) -> Response:
    """Answer with JSON, packed small for the phone: it holds no secret that packing could tell."""
    response = Response(text.encode(), content_type="application/json")
    response.vary.add("Accept-Encoding")
    if "br" in accepted_codings():
        response.set_data(brotli.compress(response.get_data(), quality=QUICK_BROTLI))
        response.headers["Content-Encoding"] = "br"
    return response


@blueprint.get("/series/<series_id>/captions.json")
@study_action(Action.VIEW_PICTURES, data=True)
def series_captions(door: StudyDoor, series_id: str) -> Response:
    """Send the four corners and orientation letters of each frame (B-08)."""
    read = shown.series_manifest(door, shown.one_series(door, series_id))
    frames = [
        dataclasses.asdict(captions.caption(read, index)) for index in range(len(read.frames))
    ]
    return json_answer(json.dumps(frames, ensure_ascii=False))


@blueprint.get("/series/<series_id>/frames")
@study_action(Action.VIEW_DICOM, data=True)
def frames(door: StudyDoor, series_id: str) -> Response:
    """Stream the wanted frames as one pack, nearest to `around` first, those `toward` before."""
    series = shown.one_series(door, series_id)
    try:
        around = int(request.args.get("around", "0"))
        toward = int(request.args.get("toward", "0"))
        wanted = _wanted(request.args.get("wanted"), series.frame_count)
    except ValueError as error:
        raise BadRequest from error
    order = delivery.nearest_first(series.frame_count, around, wanted, toward)
    records = _checked_records(door, series, order)
    # The first one is read now, while a fault can still be answered in words.
    first = next(records, b"")
    note_view(door, "dicom.retrieve", series_id=series_id)
    return Response(itertools.chain([first], records), content_type=PACK_TYPE)


def _wanted(text: str | None, frame_count: int) -> list[range] | None:
    return None if text is None else delivery.parse_ranges(text, frame_count)


def _checked_records(door: StudyDoor, series: Series, order: list[int]) -> Iterator[bytes]:
    """Return the frames, authorising anew every few of them: a revocation ends the stream."""
    cloud, grant, study_id = current_cloud(), door.grant, door.study.study_id
    database_session().refresh(series, ["study"])
    database_session().refresh(series.study, ["data_key"])  # the stream outlives the session
    records = delivery.frame_records(cloud, database_session(), series, order)

    def still_allowed() -> bool:
        with cloud.database.session() as session, contextlib.suppress(AccessDenied):
            study = session.get_one(Study, study_id)
            access.authorize(
                cloud, session, grant, Action.VIEW_DICOM, study, series_id=series.series_id
            )
            return True
        return False

    def checked() -> Iterator[bytes]:
        for number, record in enumerate(records):
            if number and number % FRAMES_A_CHECK == 0 and not still_allowed():
                return
            yield record

    return checked()


@blueprint.get("/series/<series_id>/frames/<int:frame_index>/rendered.png")
@study_action(Action.VIEW_DICOM, data=True)
def rendered(door: StudyDoor, series_id: str, frame_index: int) -> Response:
    """Send a frame's exact default-window rendering, lossless (WADO-RS `rendered`)."""
    series = shown.one_series(door, series_id)
    png = delivery.rendered_png(current_cloud(), database_session(), series, frame_index)
    frame = watermark.marked(door, Picture(PNG, png, 0, 0))
    return Response(frame.data, content_type=PNG)


@blueprint.get("/series/<series_id>/pictures/<int:frame_index>/<kind>")
@study_action(Action.VIEW_PICTURES, data=True)
def picture(door: StudyDoor, series_id: str, frame_index: int, kind: str) -> Response:
    """Send a prepared JPG or PNG picture (B-04)."""
    if kind not in set(PreviewKind):
        raise NotFound
    found = delivery.picture(
        current_cloud(),
        database_session(),
        shown.one_series(door, series_id),
        frame_index,
        PreviewKind(kind),
    )
    marked = watermark.marked(door, found)
    return Response(marked.data, content_type=marked.media_type)
