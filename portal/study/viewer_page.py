"""The DICOM page: what Python in the browser needs to start, and the first picture before it."""

from __future__ import annotations

from typing import Any

from flask import render_template
from werkzeug.exceptions import ServiceUnavailable

from portal.doors import DOCTOR, StudyDoor
from portal.service_worker import service_worker
from portal.static_files import asset, open_catalog, static_url
from portal.study import captions, doctor_page, shown, watermark
from portal.study.data import closed_entry, series_entry
from portal.study.page_models import StudyFrame
from portal.study.picture_words import picture_words
from portal.style_sheets import set_name
from server.model import Series
from viewer_py.view.habits import Reader
from viewer_py.view.toolbar import toolbar

# A phone has at least four cores; two decoders leave room for Python and the page.
DECODE_WORKERS = 2
# What the page and its workers load besides Python's runtime; each would cost a journey.
PAGE_FILES = (
    set_name("viewer"),
    "viewer/page.js",
    "viewer/begin.js",
    "viewer/remembered.js",
    "viewer/link.js",
    "viewer/panel.js",
    "viewer/panes.js",
    "viewer/words.js",
    "viewer/hints.js",
    "viewer/sheets.js",
    "viewer/swipe.js",
    "viewer/aids.js",
    "viewer/unshown.js",
    "viewer/input.js",
    "viewer/worker.js",
    "viewer/host.js",
    "viewer/snapshot.js",
    "viewer/stream.js",
    "viewer/shapes.js",
    "viewer/picture.js",
    "viewer/annotations.js",
    "viewer/annotation-keeper.js",
    "viewer/annotation-files.js",
    "css/viewer-drawers.css",
    "viewer/drawers.js",
    "viewer/tags.js",
    "viewer/key-images.js",
    "viewer/late-style.js",
    "viewer/decode-worker.js",
    "viewer/decoders.js",
    "viewer/codecs.js",
)
CODECS = ("openjph", "charls", "openjpeg", "libjpeg-turbo-8bit")
# What frames are written in here; the others are fetched when a frame needs them.
CODEC_FILES = (
    "codecs/charls.mjs",
    "codecs/charls.wasm",
    "codecs/openjph.mjs",
    "codecs/openjph.wasm",
)


def files_to_warm() -> dict[str, Any] | None:
    """Return what `warm` of static/viewer/runtime.js takes: {files, runtime, serviceWorker}.

    `files` are the addresses of what the DICOM page loads besides Python's runtime. None while that
    is not installed.
    """
    catalog = open_catalog()
    if catalog is None:
        return None
    files = [static_url(name) for name in PAGE_FILES] + [asset(name) for name in CODEC_FILES]
    return {"files": files, "runtime": catalog.runtime(), "serviceWorker": service_worker()}


def codec_addresses() -> dict[str, dict[str, str]]:
    """Return {codec: {script, wasm}} for static/viewer/codecs.js."""
    return {
        name: {
            "script": asset(f"codecs/{name}.mjs"),
            "wasm": asset(f"codecs/{name}.wasm"),
        }
        for name in CODECS
    }


def _pictures_url(study: StudyFrame, series: Series, frame_index: int) -> str:
    """Return where the same frame is shown as JPG; "" where the reader may not see that."""
    if not study.links.pictures:
        return ""
    return f"{study.links.pictures}?series={series.series_id}&frame={frame_index + 1}"


def render(
    door: StudyDoor, study: StudyFrame, series: Series, frame_index: int, *, beside: str = ""
) -> str:
    """Render the DICOM page, opening at one frame of one series, the study `beside` beside it.

    Raises ServiceUnavailable while the browser's runtime is not installed.
    """
    catalog = open_catalog()
    if catalog is None:
        raise ServiceUnavailable
    caption = captions.caption(shown.series_manifest(door, series), frame_index)
    entries = [series_entry(door, one) for one in shown.ready_series(door)]
    pictures = _pictures_url(study, series, frame_index)
    viewer: dict[str, Any] = {
        "base": door.base_url,
        "hangs": door.kind == DOCTOR,
        "title": study.title,
        "subtitle": study.subtitle,
        "cloud_index": study.cloud_index,
        "jpg_url": pictures or study.links.back,
        "fast_url": f"{pictures}&fast=1" if pictures else "",
        "catalogue": entries,
        "series": [*entries, *(closed_entry(one) for one in shown.refused_series(door))],
        "first_series_id": series.series_id,
        "first_frame": frame_index,
        "first_frame_count": series.frame_count,
        "rendered_url": door.url(f"series/{series.series_id}/frames/{frame_index}/rendered.png"),
        "watermark_url": door.url("watermark.svg") if watermark.overlay(door) else "",
        "corners": {"wide": caption.wide, "narrow": caption.narrow},
        "marks": caption.marks,
        "runtime": catalog.runtime(),
        "decoders": {"workers": DECODE_WORKERS, "codecs": codec_addresses()},
        "toolbar": toolbar(),
        "reader": str(Reader.PATIENT),
        "beside": beside,
        "words": picture_words(),
        "kept": {},
    }
    if door.kind == DOCTOR:
        viewer |= doctor_page.context(door, study)
        return render_template("doctor/viewer.html", viewer=viewer)
    return render_template("viewer/page.html", viewer=viewer)
