"""WADO-RS: the addresses of rendered pictures and thumbnails (PS3.18 10.4.1.2, 10.4.1.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus

from flask import Blueprint, Response, request, stream_with_context

from portal.context import current_cloud, database_session
from portal.dicomweb.noting import note_retrieval
from portal.dicomweb.service import accept_header, base_url, current_reader, problem, reads
from server.dicomweb import rendering
from server.dicomweb.frames import parse_frames
from server.dicomweb.media_types import MULTIPART, parse_accept
from server.dicomweb.multipart import NewPart, new_boundary, write_parts
from server.dicomweb.objects import Wanted, objects_of, series_of
from server.dicomweb.rendering import GIF, FramePlace, RenderedChoice, Renderer, Rendering
from server.imaging.decoded import PictureMissingError
from server.model import ProcessingState, Series, Study

RETRY_SECONDS = 10
NOT_READY = ("影像正在处理，请稍后再试", "the pictures are being made; try again in a moment")
NO_PICTURE = ("该影像无法显示", "this object cannot be shown as a picture")


@reads
def rendered(
    study_uid: str,
    series_uid: str | None = None,
    sop_instance_uid: str | None = None,
    numbers: str | None = None,
) -> Response:
    """Send pictures of frames: windowed, cut, scaled and encoded as asked."""
    how = rendering.parse_rendering(request.args)
    wanted = Wanted(study_uid, series_uid, sop_instance_uid)
    study, several, chosen = _looked_up(wanted, numbers)
    try:
        places = rendering.places_of(current_cloud(), several, sop_instance_uid, chosen)
        choice = rendering.choose_rendered(parse_accept(accept_header()), len(places))
        note_retrieval(study, wanted, "rendered", len(places))
        return _pictures(places, choice, how)
    except PictureMissingError:
        return _none(several)


@reads
def thumbnail(
    study_uid: str,
    series_uid: str | None = None,
    sop_instance_uid: str | None = None,
    numbers: str | None = None,
) -> Response:
    """Send the small picture that stands for a study, a series, an object or a frame."""
    how = rendering.thumbnail_rendering(request.args)
    wanted = Wanted(study_uid, series_uid, sop_instance_uid)
    study, several, chosen = _looked_up(wanted, numbers)
    choice = rendering.choose_rendered(parse_accept(accept_header()), 1)
    try:
        place = _representative(several, sop_instance_uid, chosen)
        note_retrieval(study, wanted, "thumbnail")
        return _pictures([place], choice, how)
    except PictureMissingError:
        return _none(several)


def _looked_up(
    wanted: Wanted, numbers: str | None
) -> tuple[Study, Sequence[Series], list[int] | None]:
    cloud, session, reader = current_cloud(), database_session(), current_reader()
    study, several = series_of(cloud, session, reader, wanted)
    if wanted.sop_instance_uid is None:
        return study, several, None
    _, (stored,) = objects_of(cloud, session, reader, wanted)
    return study, several, None if numbers is None else parse_frames(numbers, stored)


def _representative(
    several: Sequence[Series], sop_instance_uid: str | None, chosen: list[int] | None
) -> FramePlace:
    if sop_instance_uid is None:
        return rendering.representative(current_cloud(), several)
    places = rendering.places_of(current_cloud(), several, sop_instance_uid, chosen)
    return places[len(places) // 2]


def _pictures(places: Sequence[FramePlace], choice: RenderedChoice, how: Rendering) -> Response:
    renderer = Renderer(current_cloud(), how)
    if not choice.multipart:
        animated = choice.media_type == GIF and len(places) > 1
        data = (
            renderer.animated(places)
            if animated
            else renderer.encoded(places[0], choice.media_type)
        )
        return Response(data, content_type=choice.media_type)
    boundary = new_boundary()
    return Response(
        stream_with_context(write_parts(_parts(renderer, places, choice), boundary)),
        content_type=f'{MULTIPART}; type="{choice.media_type}"; boundary={boundary}',
    )


def _parts(
    renderer: Renderer, places: Sequence[FramePlace], choice: RenderedChoice
) -> Iterator[NewPart]:
    for place in places:
        series = place.series
        location = (
            f"{base_url()}/studies/{series.study.study_uid}/series/{series.series_uid}"
            f"/instances/{place.sop_instance_uid}/frames/{place.frame_number}/rendered"
        )
        yield NewPart(choice.media_type, renderer.encoded(place, choice.media_type), location)


def _none(several: Sequence[Series]) -> Response:
    """Say that pictures are still being made, or that there are none."""
    if any(one.state == ProcessingState.PENDING for one in several):
        answer = problem(HTTPStatus.SERVICE_UNAVAILABLE, *NOT_READY)
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
        return answer
    return problem(HTTPStatus.NOT_FOUND, *NO_PICTURE)


def add_views(blueprint: Blueprint) -> None:
    """Add the addresses."""
    study = "/studies/<study_uid>"
    series = f"{study}/series/<series_uid>"
    instance = f"{series}/instances/<sop_instance_uid>"
    for level in (study, series, instance, f"{instance}/frames/<numbers>"):
        for name, view in (("rendered", rendered), ("thumbnail", thumbnail)):
            blueprint.add_url_rule(f"{level}/{name}", name, view, methods=["GET"])
