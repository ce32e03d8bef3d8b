"""WADO-RS: the addresses of data sets, metadata, bulk data and frames (PS3.18 10.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from flask import Blueprint, Response, stream_with_context

from portal.context import current_cloud, database_session
from portal.dicomweb.noting import note_retrieval
from portal.dicomweb.search import json_type
from portal.dicomweb.service import accept_header, base_url, current_reader, reads
from server.dicomweb.choosing import Choice, choose_dicom, choose_frames, choose_octets
from server.dicomweb.frames import decoded_frames, parse_frames, stored_frames
from server.dicomweb.media_types import MULTIPART, OCTETS, parse_accept
from server.dicomweb.metadata import bulk_data, json_array, metadata
from server.dicomweb.multipart import NewPart, new_boundary, write_parts
from server.dicomweb.objects import StoredObject, Wanted, objects_of
from server.dicomweb.opening import PIXEL_TAGS
from server.dicomweb.transcoding import explicit_little_endian
from server.model import Study

_PIXEL_PATHS = frozenset(f"{tag:08X}" for tag in PIXEL_TAGS)


@reads
def objects(
    study_uid: str, series_uid: str | None = None, sop_instance_uid: str | None = None
) -> Response:
    """Send data sets, one after the other: as stored, or in Explicit VR Little Endian."""
    wanted = Wanted(study_uid, series_uid, sop_instance_uid)
    study, found = _found(wanted)
    choice = choose_dicom(parse_accept(accept_header()), found)
    note_retrieval(study, wanted, "dicom", len(found))
    if not choice.multipart:
        return Response(_data_set(found[0], choice), content_type=choice.content_type(found[0]))
    return _multipart(_data_sets(found, choice), choice.media_type)


@reads
def metadata_of(
    study_uid: str, series_uid: str | None = None, sop_instance_uid: str | None = None
) -> Response:
    """Send data sets without their pixels, as DICOM JSON."""
    media_type = json_type()
    wanted = Wanted(study_uid, series_uid, sop_instance_uid)
    study, found = _found(wanted)
    note_retrieval(study, wanted, "metadata", len(found))
    rows = metadata(current_cloud(), found, base_url())
    return Response(stream_with_context(json_array(rows)), content_type=media_type)


@reads
def frames(study_uid: str, series_uid: str, sop_instance_uid: str, numbers: str) -> Response:
    """Send frames, counted from 1: as stored, or decoded."""
    wanted = Wanted(study_uid, series_uid, sop_instance_uid)
    study, (stored,) = _found(wanted)
    chosen = parse_frames(numbers, stored)
    choice = choose_frames(parse_accept(accept_header()), stored, len(chosen))
    note_retrieval(study, wanted, "frames", len(chosen))
    return _frames(stored, chosen, choice)


@reads
def bulk_data_of(study_uid: str, series_uid: str, sop_instance_uid: str, path: str) -> Response:
    """Send one long value of an object; pixels as their frames where they are compressed."""
    wanted = Wanted(study_uid, series_uid, sop_instance_uid)
    study, (stored,) = _found(wanted)
    if path.upper() in _PIXEL_PATHS and stored.is_encapsulated:
        every = list(range(1, stored.frame_count + 1))
        choice = choose_frames(parse_accept(accept_header()), stored, len(every))
        note_retrieval(study, wanted, "bulkdata")
        return _frames(stored, every, choice)
    multipart = choose_octets(parse_accept(accept_header()))
    data = bulk_data(current_cloud(), stored, path)
    note_retrieval(study, wanted, "bulkdata")
    if not multipart:
        return Response(data, content_type=OCTETS)
    place = f"{base_url()}/{stored.path}/bulkdata/{quote(path)}"
    return _multipart([NewPart(OCTETS, data, place)], OCTETS)


def _found(wanted: Wanted) -> tuple[Study, list[StoredObject]]:
    return objects_of(current_cloud(), database_session(), current_reader(), wanted)


def _data_set(stored: StoredObject, choice: Choice) -> bytes:
    data = stored.read(current_cloud())
    return data if choice.as_stored else explicit_little_endian(data)


def _data_sets(found: Sequence[StoredObject], choice: Choice) -> Iterator[NewPart]:
    for stored in found:
        yield NewPart(
            choice.content_type(stored),
            _data_set(stored, choice),
            f"{base_url()}/{stored.path}",
        )


def _frames(stored: StoredObject, numbers: Sequence[int], choice: Choice) -> Response:
    cloud = current_cloud()
    make = stored_frames if choice.as_stored else decoded_frames
    data = make(cloud, stored, numbers)
    # The first one is made before the answer begins, so that a failure can still be told.
    first = next(data)
    content_type = choice.content_type(stored)
    if not choice.multipart:
        return Response(first, content_type=content_type)
    return _multipart(_frame_parts(stored, numbers, first, data, content_type), choice.media_type)


def _frame_parts(
    stored: StoredObject,
    numbers: Sequence[int],
    first: bytes,
    rest: Iterator[bytes],
    content_type: str,
) -> Iterator[NewPart]:
    base = f"{base_url()}/{stored.path}/frames"
    yield NewPart(content_type, first, f"{base}/{numbers[0]}")
    for number, data in zip(numbers[1:], rest, strict=True):
        yield NewPart(content_type, data, f"{base}/{number}")


def _multipart(parts: Iterable[NewPart], media_type: str) -> Response:
    boundary = new_boundary()
    return Response(
        stream_with_context(write_parts(parts, boundary)),
        content_type=f'{MULTIPART}; type="{media_type}"; boundary={boundary}',
    )


def add_views(blueprint: Blueprint) -> None:
    """Add the addresses."""
    study = "/studies/<study_uid>"
    series = f"{study}/series/<series_uid>"
    instance = f"{series}/instances/<sop_instance_uid>"
    for level in (study, series, instance):
        blueprint.add_url_rule(level, "objects", objects, methods=["GET"])
        blueprint.add_url_rule(f"{level}/metadata", "metadata", metadata_of, methods=["GET"])
    blueprint.add_url_rule(f"{instance}/frames/<numbers>", "frames", frames, methods=["GET"])
    bulk = f"{instance}/bulkdata/<path:path>"
    blueprint.add_url_rule(bulk, "bulkdata", bulk_data_of, methods=["GET"])
