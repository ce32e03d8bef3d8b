"""A small site with the viewer page alone: real template, scripts, assets, policy; made-up series.

`Site` is told by tests to end access, to break streams or to be slow.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from flask import (
    Flask,
    Response,
    abort,
    jsonify,
    render_template,
    request,
    send_from_directory,
)
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image
from werkzeug.serving import BaseWSGIServer, make_server

from portal.security import content_security_policy
from portal.study.viewer_page import CODECS
from portal.style_sheets import members, set_name
from server.assets.catalog import AssetCatalog
from tests.view.samples import make_series
from viewer_py.dicom.manifest import SeriesManifest, to_json
from viewer_py.dicom.pack import FrameCodec, FrameRecord
from viewer_py.pixels import pipeline
from viewer_py.view.doctor_toolbar import doctor_toolbar
from viewer_py.view.shortcuts import shortcuts
from viewer_py.view.toolbar import toolbar

ROOT = Path(__file__).resolve().parents[2]
ROWS, COLUMNS = 96, 128
ICON = Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>')

EMPTY: dict[str, Any] = {"version": 1, "annotations": []}
ENDINGS = (("script", "mjs"), ("wasm", "wasm"))


def _ct() -> tuple[SeriesManifest, NDArray[Any]]:
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    bowls = [((x - 60 - k) ** 2 + (y - 48) ** 2) // 4 - 900 + 17 * (x % 5) for k in range(30)]
    stored = np.stack(bowls).astype(np.int16)
    size = {"rows": ROWS, "columns": COLUMNS}
    return make_series("ct", frames=30, modality="CT", **size), stored


def _mono1() -> tuple[SeriesManifest, NDArray[Any]]:
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    stored = ((x * 31 + y * 17) % 4096).astype(np.uint16)[None]
    stored[0, :20, :20] = 4095
    attributes: dict[str, object] = {
        "rows": ROWS,
        "columns": COLUMNS,
        "signed": False,
        "bits_stored": 12,
        "photometric_interpretation": "MONOCHROME1",
        "pixel_spacing": (0.4, 0.2),
        "pixel_padding_value": 4095,
        "window_center": (2000.0,),
        "window_width": (3000.0,),
    }
    return make_series("dx", frames=1, modality="DX", **attributes), stored


def _colour() -> tuple[SeriesManifest, NDArray[Any]]:
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    stored = np.stack([x * 2, y * 2, (x + y)], axis=-1).astype(np.uint8)[None]
    attributes: dict[str, object] = {
        "rows": ROWS,
        "columns": COLUMNS,
        "signed": False,
        "bits_stored": 8,
        "samples_per_pixel": 3,
        "photometric_interpretation": "RGB",
        "window_center": (),
        "window_width": (),
        "pixel_spacing": None,
    }
    return make_series("us", frames=1, modality="US", **attributes), stored


@dataclass
class Site:
    """The series it serves, and how it misbehaves.

    `ended` is the status of an ended access; the next `broken` streams break inside their second
    frame; while `release` is cleared, streams stop after their first.
    """

    catalog: AssetCatalog
    series: dict[str, tuple[SeriesManifest, NDArray[Any]]] = field(default_factory=dict)
    ended: int = 0
    broken: int = 0
    asked: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)
    overlays: dict[str, bytes] = field(default_factory=dict)
    # What a reader has drawn: its revision, the document, and the status that saving fails with.
    drawn: dict[str, Any] = field(default_factory=lambda: {"revision": 0, "document": EMPTY})
    refuses: int = 0
    key_images: list[dict[str, Any]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    server: BaseWSGIServer | None = None

    def __post_init__(self) -> None:
        if not self.series:
            self.series = {one[0].series_id: one for one in (_ct(), _mono1(), _colour())}
        self.release.set()

    @property
    def address(self) -> str:
        """Return where it serves."""
        assert self.server is not None
        return f"http://127.0.0.1:{self.server.server_port}"

    def app(self) -> Flask:
        """Return the site as it is served; others add to it."""
        return make_app(self)

    @contextmanager
    def serving(self) -> Iterator[Site]:
        """Serve on a free port meanwhile."""
        self.server = make_server("127.0.0.1", 0, self.app(), threaded=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self.release.set()
            self.server.shutdown()

    def record(self, series_id: str, index: int) -> bytes:
        """Return one record of the pack: HTJ2K for grey, raw for colour."""
        pixels = self.series[series_id][1][index]
        if pixels.ndim == 3:
            codec, payload = FrameCodec.RAW, pixels.tobytes()
        else:
            codec, payload = FrameCodec.HTJ2K, imagecodecs.htj2k_encode(pixels)
        return FrameRecord(index, codec, len(payload)).to_bytes() + payload

    def stream(self, series_id: str, wanted: list[int]) -> Iterator[bytes]:
        """Yield the records; with `release` cleared only the first, until it is set."""
        for number, index in enumerate(wanted):
            if number == 1:
                self.release.wait(20)
            if self.ended:
                return
            record = self.record(series_id, index)
            if number == 1 and self.broken:
                self.broken -= 1
                yield record[: len(record) // 2]
                return
            yield record


def make_app(site: Site) -> Flask:
    """Return the Flask app of the site."""
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=None)
    app.jinja_env.globals.update(
        static_url=lambda name: f"/static/{name}",
        style_url=lambda name: f"/static/{set_name(name)}",
        asset=site.catalog.url,
        has_asset=lambda _name: True,
        icon=lambda name, _label="": ICON.format(site.catalog.url("icons.svg"), name),
        csp_nonce=lambda: "nonce",
        csrf_token=lambda: "",
        text_size=lambda: "normal",
        in_mini_program=lambda: False,
        html_language=lambda: request.args.get("language", "zh-CN"),
        site_name="影云",
        navigation=None,
        _=lambda text, **values: text % values if values else text,
    )

    @app.after_request
    def with_policy(response: Response) -> Response:
        policy = content_security_policy(wasm=True, nonce="nonce")
        response.headers["Content-Security-Policy"] = policy
        return response

    @app.get("/static/<path:path>")
    def static_file(path: str) -> Response:
        parts = members(path)
        if parts == (path,):
            return send_from_directory(ROOT / "static", path)
        sheets = [(ROOT / "static" / part).read_bytes() for part in parts]
        return Response(b"\n".join(sheets), mimetype="text/css")

    @app.get("/assets/<path:path>")
    def asset_file(path: str) -> Response:
        file = site.catalog.resolve(path) or abort(404)
        return Response(file.path.read_bytes(), content_type=file.media_type)

    @app.get("/x/dicom")
    def page() -> str:
        doctor = request.args.get("reader") == "doctor"
        name = "doctor/viewer.html" if doctor else "viewer/page.html"
        return render_template(name, viewer=page_context(site))

    @app.put("/account/preferences")
    def keep() -> Response:
        site.kept |= request.get_json()
        return Response(status=204)

    @app.get("/x/series/<series_id>/manifest.json")
    def manifest(series_id: str) -> Response:
        if site.ended:
            abort(site.ended)
        return Response(to_json(site.series[series_id][0]), mimetype="application/json")

    @app.get("/x/key-images.json")
    def key_images() -> dict[str, Any]:
        return {"kept": True, "images": site.key_images}

    @app.post("/x/key-images.json")
    def mark_key_image() -> dict[str, Any]:
        image = request.get_json()
        if image.pop("marked"):
            site.key_images.append(image | {"frame_index": 0})
        else:
            site.key_images[:] = [one for one in site.key_images if one | image != one]
        return {"kept": True, "images": site.key_images}

    @app.get("/x/series/<series_id>/overlays")
    def overlays(series_id: str) -> Response:
        found = site.overlays.get(series_id) or abort(404)
        return Response(found, mimetype="application/octet-stream")

    @app.get("/x/annotations.json")
    def annotations() -> Response:
        return jsonify({"kept": True, **site.drawn})

    @app.put("/x/annotations.json")
    def keep_annotations() -> tuple[Response, int]:
        sent = request.get_json()
        if site.refuses:
            abort(site.refuses)
        if sent["revision"] != site.drawn["revision"]:
            return jsonify({"kept": True, **site.drawn}), 409
        site.drawn = {"revision": sent["revision"] + 1, "document": sent["document"]}
        return jsonify({"revision": site.drawn["revision"]}), 200

    @app.get("/x/series/<series_id>/frames/<int:index>/rendered.png")
    def rendered(series_id: str, index: int) -> Response:
        series, stored = site.series[series_id]
        picture = io.BytesIO()
        Image.fromarray(pipeline.display(stored[index], series.frames[index])).save(picture, "PNG")
        return Response(picture.getvalue(), mimetype="image/png")

    @app.get("/x/series/<series_id>/frames")
    def frames(series_id: str) -> Response:
        site.asked.append(request.query_string.decode())
        if site.ended:
            abort(site.ended)
        around = int(request.args["around"])
        pairs = [part.split("-") for part in request.args["wanted"].split(",")]
        wanted = [index for first, last in pairs for index in range(int(first), int(last) + 1)]
        wanted.sort(key=lambda index: abs(index - around))
        return Response(site.stream(series_id, wanted), mimetype="application/octet-stream")

    return app


def page_context(site: Site) -> dict[str, Any]:
    """Return what portal/study/viewer_page.py gives the template."""
    series_id = request.args.get("series", next(iter(site.series)))
    reader = request.args.get("reader", "patient")
    count = len(site.series[series_id][0].frames)
    frame = count // 2
    entries = [
        {
            "series_id": one.series_id,
            "modality": one.modality,
            "frame_count": len(one.frames),
            "series_number": one.series_number,
            "description": one.series_description,
            "thumbnail_url": "",
        }
        for one, _ in site.series.values()
    ]
    return {
        "base": "/x",
        "hangs": "hangs" in request.args,
        "title": "胸部CT",
        "subtitle": "示范医院",
        "cloud_index": "-".join(["330100", "H33010000123", "20260309140512", "A" * 32, "0" * 14]),
        "jpg_url": "/x",
        "catalogue": entries,
        "series": entries,
        "first_series_id": series_id,
        "first_frame": frame,
        "first_frame_count": count,
        "rendered_url": f"/x/series/{series_id}/frames/{frame}/rendered.png",
        "watermark_url": "",
        "corners": None,
        "words": {},
        "marks": None,
        "runtime": site.catalog.runtime(),
        "decoders": {"workers": 1, "codecs": codec_addresses(site.catalog)},
        "toolbar": doctor_toolbar() if reader == "doctor" else toolbar(),
        "reader": reader,
        "kept": site.kept if reader == "doctor" else {},
        "preferences_url": "/account/preferences",
        "work_list_url": "/x",
        "report": None,
        "shortcuts": shortcuts(),
    }


def codec_addresses(catalog: AssetCatalog) -> dict[str, dict[str, str]]:
    """Return what portal/study/viewer_page.py gives as addresses of the codecs."""
    return {
        name: {kind: catalog.url(f"codecs/{name}.{end}") for kind, end in ENDINGS}
        for name in CODECS
    }
